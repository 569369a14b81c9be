"""Delete what is left of credentials that ended long ago."""

from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import RefreshFamily

KEPT = timedelta(days=30)  # sign-ins by token, for support to see when they ended


class Command(BaseCommand):
    help = "Delete spent tokens, sign-ins by token and sessions that have expired."

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        spent, _ = OutstandingToken.objects.filter(expires_at__lte=at).delete()
        ended = Q(expires_at__lte=at - KEPT) | Q(revoked_at__lte=at - KEPT)
        families, _ = RefreshFamily.objects.filter(ended).delete()
        call_command("clearsessions")
        self.stdout.write(
            f"Deleted: {spent} spent tokens, {families} sign-ins by token"
        )
