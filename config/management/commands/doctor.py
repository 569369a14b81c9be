"""Check the whole deployment, and say how to mend what is wrong."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.doctor import running
from config.doctor.cache import check_cache
from config.doctor.database import check_connection, check_migrations
from config.doctor.files import check_disk, check_files
from config.doctor.findings import Finding, Level, warning
from config.doctor.issuers import check_issuers
from config.doctor.mail import check_mail
from config.doctor.proxy import check_proxy
from config.doctor.regular import check_backups, check_regular_commands
from config.doctor.replica import check_replica
from config.doctor.role import check_pooler, check_role
from config.doctor.running import Check, Report
from config.doctor.system_checks import check_settings
from config.logs import printable


class Command(BaseCommand):
    help = (
        "Check settings, database, mail, issuers, clock, disk and files, and say how to"
        " mend what is wrong. Exits with 1 after warnings, and with 2 after errors."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 - they are one of the checks

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="Print one JSON object, for programs."
        )
        parser.add_argument(
            "--mail", metavar="ADDRESS", default="", help="Also send a test mail there."
        )
        parser.add_argument(
            "--url",
            metavar="https://…",
            default="",
            help="Also ask the service at its public address how requests arrive.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        reports = []
        for report in examine(mail=options["mail"], url=options["url"]):
            reports.append(report)
            if not options["json"]:
                self._print(report)
        level = max(report.level for report in reports)
        if options["json"]:
            self.stdout.write(json.dumps(_document(reports, level), indent=2))
        if level:
            sys.exit(int(level))

    def _print(self, report: Report) -> None:
        for finding in report.findings:
            style = {
                Level.OK: self.style.SUCCESS,
                Level.WARNING: self.style.WARNING,
                Level.ERROR: self.style.ERROR,
            }[finding.level]
            mark = style(f"{finding.level.word:7}")
            self.stdout.write(f"{mark} {report.name:10} {printable(finding.text)}")
            if finding.hint:
                self.stdout.write(f"{'':7} {'':10} → {printable(finding.hint)}")


def examine(*, mail: str = "", url: str = "") -> Iterator[Report]:
    """Run all checks, those of the database only if it can be used."""
    first = [
        Check("settings", check_settings),
        Check("files", check_files),
        Check("disk", check_disk),
        Check("mail", partial(check_mail, mail)),
        Check("issuers", check_issuers),
        *([Check("proxy", partial(check_proxy, url))] if url else []),
        *([] if settings.IS_CACHE_A_TABLE else [Check("cache", check_cache)]),
        Check("database", check_connection),
    ]
    second = [
        Check("role", check_role),
        Check("pooler", check_pooler),
        Check("migrations", check_migrations),
        *([Check("replica", check_replica)] if settings.DATABASE_REPLICA_URL else []),
        *([Check("cache", check_cache)] if settings.IS_CACHE_A_TABLE else []),
        Check("commands", check_regular_commands),
        Check("backups", check_backups),
    ]
    for report in running.run(first):
        yield report
    if report.level == Level.ERROR:
        second = [Check(check.name, _not_checked) for check in second]
    yield from running.run(second)


def _not_checked() -> Iterator[Finding]:
    yield warning("Not checked, because the database can't be used.", "See above.")


def _document(reports: list[Report], level: Level) -> dict[str, object]:
    """Return what `--json` prints."""
    return {
        "status": level.word,
        "checks": [
            {
                "name": report.name,
                "status": report.level.word,
                "findings": [
                    {
                        "status": finding.level.word,
                        "text": finding.text,
                        "hint": finding.hint,
                    }
                    for finding in report.findings
                ],
            }
            for report in reports
        ],
    }
