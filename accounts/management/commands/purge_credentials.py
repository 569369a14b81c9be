"""Delete what is left of credentials that ended long ago."""

from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone

from accounts import events
from accounts.models import EndedSession, RefreshFamily

KEPT = timedelta(days=30)  # sign-ins by token, for support to see when they ended


class Command(BaseCommand):
    help = "Delete sign-ins by token and sessions that have ended."

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        ended = Q(expires_at__lte=at - KEPT) | Q(revoked_at__lte=at - KEPT)
        families, _ = RefreshFamily.objects.filter(ended).delete()
        events.delete_attempts(before=at - KEPT)
        EndedSession.objects.filter(until__lte=at).delete()
        call_command("clearsessions")
        self.stdout.write(f"Deleted: {families} sign-ins by token")
