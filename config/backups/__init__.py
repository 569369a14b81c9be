"""Backups of the whole database: `manage.py backup` and `manage.py restore`."""
