"""Check the Better Auth issuers from end to end, and explain a token."""

import getpass
import sys
import time

from django.core.management.base import BaseCommand, CommandParser

from accounts.better_auth.doctor import CheckResult, check_settings, explain_token


class Command(BaseCommand):
    help = (
        "Check the configured Better Auth issuers, and explain why a token is refused."
        " The token is neither stored nor shown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--token",
            action="store_true",
            help="Also explain a token, from the terminal or standard input.",
        )

    def handle(self, *args: object, **options: object) -> None:
        results = list(check_settings())
        if options["token"]:
            results += explain_token(_read_token(), now=time.time())
        for result in results:
            self._print(result)
        if not all(result.passed for result in results):
            sys.exit(1)

    def _print(self, result: CheckResult) -> None:
        style = self.style.SUCCESS if result.passed else self.style.ERROR
        mark = style("ok    " if result.passed else "failed")
        self.stdout.write(f"{mark} {result.text}")


def _read_token() -> str:
    # Not as an argument: the shell's history and the process list show those.
    if sys.stdin.isatty():
        return getpass.getpass("Token: ").strip()
    return sys.stdin.readline().strip()
