#!/usr/bin/env python
"""Django's command line, for Ownlist."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    from django.core.management import execute_from_command_line

    from config import connection_failures, private_files

    private_files.restrict_new_files()
    private_files.refuse_root()
    connection_failures.explain_at_the_end()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
