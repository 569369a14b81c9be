"""Look at the Better Auth issuers from end to end, and at a token if there is one."""

import getpass
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.better_auth.doctor import CheckResult, check_settings, explain_token


class Command(BaseCommand):
    help = (
        "Check the configured Better Auth issuers, and say in plain words why a token"
        " is refused. The token is neither stored nor shown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--token",
            action="store_true",
            help="Also explain a token, asked for or read from standard input.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(check_settings())
        if options["token"]:
            findings += explain_token(_read_token(), now=time.time())
        for finding in findings:
            self._print(finding)
        if not all(finding.passed for finding in findings):
            sys.exit(1)

    def _print(self, finding: CheckResult) -> None:
        mark = self.style.SUCCESS("ok ") if finding.passed else self.style.ERROR("bad")
        self.stdout.write(f"{mark} {finding.text}")


def _read_token() -> str:
    # Never as an argument: those are in the shell's history and in the process list.
    if sys.stdin.isatty():
        return getpass.getpass("Token: ").strip()
    return sys.stdin.readline().strip()
