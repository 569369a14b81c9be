"""Delete the records of credentials that ended long ago."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone

from accounts import event_chains
from accounts.models import (
    EndedSession,
    PersonalAccessToken,
    RefreshFamily,
    TrustedBrowser,
)
from config.regular_commands import record_success

KEPT = timedelta(days=30)  # after they ended, so that support can see when


class Command(BaseCommand):
    help = "Delete ended sign-ins by token, access tokens and sessions."

    def handle(self, *args: object, **options: object) -> None:
        at = timezone.now()
        ended = Q(expires_at__lte=at - KEPT) | Q(revoked_at__lte=at - KEPT)
        families, _ = RefreshFamily.objects.filter(ended).delete()
        personal, _ = PersonalAccessToken.objects.filter(ended).delete()
        while event_chains.adopt():
            pass
        event_chains.delete_attempts(before=at - KEPT)
        event_chains.delete_oldest()
        EndedSession.objects.filter(until__lte=at).delete()
        TrustedBrowser.objects.filter(expires_at__lte=at).delete()
        call_command("clearsessions")
        # Earlier versions kept sessions there, under their keys. Those that were valid
        # at the upgrade have been copied.
        Session.objects.all().delete()
        record_success("purge_credentials", at=timezone.now(), done=families + personal)
        self.stdout.write(
            f"Deleted: {families} sign-ins by token, {personal} access tokens"
        )
