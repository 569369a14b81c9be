"""Why an action refuses a request of an object's owner."""

from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError

from config.refusals import Refusal


class VersionConflict(Refusal):
    """The caller has seen an older version than the stored one."""

    code = "version_conflict"
    text = "The object has changed since you read it. Read it again."


class InTrash(Refusal):
    """The object is in the trash and must be restored first."""

    code = "in_trash"
    text = "The task is in the trash; restore it first."


class NotInTrash(Refusal):
    """Only an object in the trash can be deleted permanently."""

    code = "not_in_trash"
    text = "Move the task to the trash first."


class InboxProtected(Refusal):
    """The inbox can't be renamed, archived, moved or deleted."""

    code = "inbox"
    text = "The inbox can't be renamed, archived, moved or deleted."


class NotRepeating(Refusal):
    """Only a repeating task has an occurrence to skip."""

    code = "not_repeating"
    text = "The task doesn't repeat."


class AlreadyCompleted(Refusal):
    """A completed occurrence can't be skipped."""

    code = "completed"
    text = "The task is completed; reopen it first."


class NextExists(Refusal):
    """The next occurrence already exists as a task of its own."""

    code = "next_exists"
    text = "The next occurrence already exists as another task."


class SeriesEnded(Refusal):
    """The task is the last occurrence of its series."""

    code = "series_ended"
    text = "This is the last occurrence of the series; complete or delete it."


class NothingToUndo(Refusal):
    """The user has not changed anything yet."""

    code = "nothing_to_undo"
    text = "There is no change to undo."


class CannotBeUndone(Refusal):
    """A permanent deletion is the only change that can't be undone."""

    code = "cannot_be_undone"
    text = "Permanently deleted items can't be restored."


class NoRoom(ValidationError):
    """The owner would have more lists or labels than allowed."""


class UndoTooLarge(Refusal):
    """The batch has more changes than one request may undo."""

    code = "undo_too_large"
    text = (
        "The batch has too many changes to undo at once. Undo single changes, or"
        " restore items from the trash."
    )


class UndoConflict(Refusal):
    """Later changes conflict with an undo; `changes` are the ids of some of them."""

    code = "undo_conflict"
    text = "Later changes conflict with this undo; undo those first."

    def __init__(self, *, changes: Sequence[UUID] = ()) -> None:
        super().__init__()
        self.changes = list(changes)
        self.members = {"changes": self.changes}
