"""Why an action says no to the owner of an object."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError

from todos.refused import Refused


class VersionConflict(Refused):
    """The caller has seen an older version than the one stored."""

    code = "version_conflict"


class InTrash(Refused):
    """The object is in the trash and must be restored first."""

    code = "in_trash"


class NotInTrash(Refused):
    """Only what is in the trash can be removed for good."""

    code = "not_in_trash"


class InboxStays(Refused):
    """The inbox can't be deleted, archived or renamed."""

    code = "inbox"


class NotRepeating(Refused):
    """Only a task that repeats has an occurrence to skip."""

    code = "not_repeating"


class AlreadyCompleted(Refused):
    """What is completed can't be skipped any more."""

    code = "completed"


class NextExists(Refused):
    """The next occurrence is a task of its own already."""

    code = "next_exists"


class SeriesEnded(Refused):
    """No occurrence comes after this one."""

    code = "series_ended"


class NothingToUndo(Refused):
    """No change was ever made."""

    code = "nothing_to_undo"


class CannotBeUndone(Refused):
    """Something was removed for good, the one thing without a way back."""

    code = "cannot_be_undone"


class NoRoom(ValidationError):
    """The owner would have more lists or labels than one user can have."""


class UndoTooLarge(Refused):
    """The batch has more changes than one request may take back."""

    code = "undo_too_large"


class UndoConflict(Refused):
    """Later changes stand in the way of an undo; `changes` are the ids of some."""

    code = "undo_conflict"

    def __init__(self, *, changes: Sequence[UUID] = ()) -> None:
        super().__init__("Later changes stand in the way; undo those first.")
        self.members = {"changes": list(changes)}
