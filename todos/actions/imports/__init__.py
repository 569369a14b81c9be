"""Importing many rows at once: all or none of them, in one batch."""

from todos.actions.imports.prepared import ImportClash, PreparedImport

__all__ = ["ImportClash", "PreparedImport"]
