#!/usr/bin/env python
"""Django's command line, for Ownlist."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from django.core.management import execute_from_command_line

    from config import connection_failures, private_files

    _apply_options(sys.argv[2:])
    private_files.restrict_new_files()
    private_files.refuse_root()
    connection_failures.explain_at_the_end()
    execute_from_command_line(sys.argv)


def _apply_options(arguments: list[str]) -> None:
    """Apply --settings and --pythonpath before anything here reads a setting.

    Django applies them as well, but too late: settings are loaded once.
    """
    from django.core.management import handle_default_options
    from django.core.management.base import CommandError, CommandParser

    parser = CommandParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings")
    parser.add_argument("--pythonpath")
    try:
        handle_default_options(parser.parse_known_args(arguments)[0])
    except CommandError:
        return  # which Django reports


if __name__ == "__main__":
    main()
