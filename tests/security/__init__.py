"""Attacks over HTTP against the real server. None may succeed.

Each module is a family of attacks and names the entry of the OWASP API Security Top 10
of 2023 that it belongs to. The database is the one of the run: SQLite, or PostgreSQL.
"""
