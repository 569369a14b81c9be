"""Importing many rows at once: all or none of them, in one batch.

`rows` describes what a file contains, `planning` decides what to store (with a stage
each for `lists`, `labels` and `tasks`), `storing` stores the plan, and `prepared` puts
these together.
"""

from todos.actions.imports.prepared import PreparedImport
from todos.actions.imports.storing import ImportClash

__all__ = ["ImportClash", "PreparedImport"]
