"""The base of the forms for the properties of a task.

Each form is saved by itself and changes only its property. It carries a fingerprint of
the property as the user saw it, so that a change made elsewhere is not overwritten,
while a change of another property is not a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any, ClassVar

from accounts.models import User
from todos.models import Task, TaskList
from todos.pages.forms import ActionForm, Values
from todos.schedule.days import Clock

FINGERPRINT_LENGTH = 16
VERSION_MAX_DIGITS = 10


def fingerprint(task: Task, columns: Collection[str]) -> str:
    """Return a short text that tells whether these columns have changed."""
    values = [getattr(task, name) for name in columns]
    text = json.dumps(values, default=str)
    return sha256(text.encode()).hexdigest()[:FINGERPRINT_LENGTH]


class PropertyForm(ActionForm):
    """One property of a task.

    `columns` are the columns that the user sees in the form. `members` maps its fields
    to those of the API. If two texts conflict, `joint` can put both into one.
    """

    name: ClassVar[str]  # in URLs
    heading: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    members: ClassVar[dict[str, str]]
    joint: ClassVar[str] = ""

    conflict = False  # changed elsewhere since the user saw it
    asks_to_restore = False

    def __init__(
        self,
        *args: Any,
        task: Task,
        user: User,
        clock: Clock,
        lists: Iterable[TaskList],
        **kwargs: Any,
    ) -> None:
        self.task, self.user, self.clock, self.lists = task, user, clock, [*lists]
        given = {"auto_id": "details-%s", "initial": self.values_of(task)}
        super().__init__(*args, **(given | kwargs))

    def values_of(self, task: Task) -> Values:
        """Return the present values of the fields."""
        return {name: getattr(task, name) for name in self.base_fields}

    def saved_words(self, task: Task) -> str:
        """Return what was done, for the message."""
        raise NotImplementedError

    def now_words(self) -> str:
        """Return the present value as a text, beside that of the user in a conflict."""
        raise NotImplementedError

    # --- What the user saw ------------------------------------------------------

    @property
    def seen(self) -> str:
        """The fingerprint of the property as it is now."""
        return fingerprint(self.task, self.columns)

    @property
    def is_stale(self) -> bool:
        """Whether the property was changed after the user saw it, to another value."""
        sent = self.data.get("seen", "")
        return bool(sent) and sent != self.seen and self.differs()

    def differs(self) -> bool:
        """Whether saving would change anything."""
        changes = self.as_changes()
        return any(getattr(self.task, name) != changes[name] for name in changes)

    @property
    def restores(self) -> bool:
        """Whether the user agreed to restore the task as it is in the trash now."""
        version: str = self.data.get("restore", "")[:VERSION_MAX_DIGITS]
        return version == str(self.task.version)

    def show_in_trash(self) -> None:
        """Explain that the task is in the trash. Sending again restores it."""
        was = self.data.get("seen", "")
        also = "changed elsewhere and " if was and was != self.seen else ""
        self.asks_to_restore = True
        self.add_error(
            None,
            f"This task was {also}moved to the trash after you opened it."
            " Save again to restore it with your changes.",
        )

    def show_conflict(self) -> None:
        """Explain that the property was changed elsewhere, and offer both values."""
        self.conflict = True
        self.add_error(None, "This was changed elsewhere after you opened it.")

    @property
    def control(self) -> str:
        """The id of the control that was changed, or else of the first one."""
        changed = self.changed_data if self.is_bound else []
        names = [name for name in self.fields if name in changed] or [*self.fields]
        return f"details-{names[0]}"
