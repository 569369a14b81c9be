"""Encrypt the secrets of second factors under the current key, after a new one."""

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.factor_secrets import Undecryptable, rotated
from accounts.factors import APP, CODES

SECRET_OF = {APP: "secret", CODES: "seed"}


class Command(BaseCommand):
    help = "Encrypt the secrets of second factors under FACTOR_ENCRYPTION_KEY."

    def handle(self, *args: object, **options: object) -> None:
        done = failed = 0
        rows = Authenticator.objects.filter(type__in=SECRET_OF)
        for pk in rows.order_by("pk").values_list("pk", flat=True).iterator():
            try:
                done += _encrypt(pk)
            except Undecryptable:
                failed += 1
        self.stdout.write(f"Encrypted: {done} secrets")
        if failed:
            raise CommandError(
                f"{failed} secrets can't be decrypted. Add the earlier key to"
                " FACTOR_ENCRYPTION_KEY_FALLBACKS and run this again."
            )


@transaction.atomic
def _encrypt(pk: int) -> bool:
    """Encrypt one row again; its user may be using it at this moment."""
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return False
    name = SECRET_OF[Authenticator.Type(row.type)]
    row.data[name] = rotated(row.data[name])
    row.save(update_fields=["data"])
    return True
