"""Changes of the ledger in words, for the undo page."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.text import Truncator

from accounts.models import User
from todos.models import Change, Label, Task, TaskList

SHOWN_MAX = 3
TITLE_SHOWN = 60  # characters
WORDS = {
    Change.Kind.CREATED: "was added",
    Change.Kind.UPDATED: "was edited",
    Change.Kind.COMPLETED: "was completed",
    Change.Kind.REOPENED: "was reopened",
    Change.Kind.MOVED: "was moved",
    Change.Kind.TRASHED: "was moved to the trash",
    Change.Kind.RESTORED: "was restored",
    Change.Kind.REMOVED: "was deleted permanently",
}


def sentences(changes: Collection[Change], *, owner: User) -> list[str]:
    """Return sentences such as `“Buy milk” was completed` for the first few changes."""
    shown = list(changes)[:SHOWN_MAX]
    texts = sentences_of(shown, owner=owner)
    more = len(changes) - len(shown)
    return [*texts, f"and {more} more"] if more else texts


def sentences_of(changes: list[Change], *, owner: User) -> list[str]:
    """Return a sentence for each change."""
    names = _names_of(changes, owner)
    return [f"{names[one.entity_id]} {WORDS[Change.Kind(one.kind)]}" for one in changes]


def conflict_text(ids: Iterable[UUID], *, owner: User) -> str:
    """Return why an undo was refused, with the later changes that prevent it."""
    changes = Change.objects.owned_by(owner).filter(pk__in=list(ids)).order_by("-seq")
    texts = sentences(list(changes), owner=owner)
    reason = ", ".join(texts) if texts else "something in it was changed"
    return f"This can no longer be undone. Since then, {reason}."


def _names_of(changes: list[Change], owner: User) -> dict[UUID, str]:
    """Return the current names of the objects, or else the names in the changes."""
    ids = [change.entity_id for change in changes]
    names: dict[UUID, str] = {}
    tables: tuple[tuple[QuerySet[Model], str], ...] = (
        (Task.objects.owned_by(owner), "title"),
        (TaskList.objects.owned_by(owner), "name"),
        (Label.objects.owned_by(owner), "name"),
    )
    for rows, column in tables:
        found = rows.filter(pk__in=ids).values_list("pk", column)
        names |= {key: _quoted(name) for key, name in found}
    for change in changes:
        texts = (change.after or {}) | (change.before or {})
        name = texts.get("title") or texts.get("name")
        gone = _quoted(name) if name else f"a deleted {change.entity}"
        names.setdefault(change.entity_id, gone)
    return names


def _quoted(name: str) -> str:
    return f"“{Truncator(name).chars(TITLE_SHOWN)}”"
