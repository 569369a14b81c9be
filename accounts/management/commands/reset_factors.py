"""Remove the second factors of an account whose user has lost them."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import factors
from accounts.models import User


class Command(BaseCommand):
    help = "Remove the second factors of an account, and sign it out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="The e-mail address of the account.")

    def handle(self, *args: object, **options: object) -> None:
        user = User.objects.filter(email=str(options["email"]).lower()).first()
        if user is None:
            raise CommandError("No account has this address.")
        factors.reset(user=user, at=timezone.now())
        self.stdout.write("The second factors are removed. All sessions have ended.")
