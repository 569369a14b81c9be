"""Which later changes stand in the way of an undo, for its refusal to name.

A change can be in the way without being one of the same object: a task came into a list
that was to go, a label was renamed, or its name given to another.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from todos.ledger import Entity
from todos.models import Change, ChangeQuerySet, Label, Task

NAMED_MAX = 20


def changes_to_object(change: Change, among: ChangeQuerySet) -> list[UUID]:
    """Return those `among` changes that were made to the change's object since."""
    later = among.filter(seq__gt=change.seq)
    return _first(later.of(change.entity, change.entity_id))


def label_renames(
    change: Change, names: Iterable[str], among: ChangeQuerySet
) -> list[UUID]:
    """Return those `among` changes that renamed labels of the change's task since.

    `names` are the labels that the task has now.
    """
    renamed = set(names) ^ set((change.after or {}).get("labels", []))
    named = Q(before__name__in=renamed) | Q(after__name__in=renamed)
    later = among.filter(named, entity=Entity.LABEL, seq__gt=change.seq)
    return _first(later)


def new_references(change: Change, among: ChangeQuerySet, *, owner: User) -> list[UUID]:
    """Return those `among` changes by which tasks have come to refer to the object."""
    key = change.entity_id
    tasks = Task.objects.owned_by(owner)
    users, brought = {
        Entity.TASK: (tasks.filter(parent=key), Q(after__parent_id=str(key))),
        Entity.LIST: (tasks.filter(list=key), Q(after__list_id=str(key))),
        Entity.LABEL: (tasks.filter(labels=key), Q(after__has_key="labels")),
    }[Entity(change.entity)]
    ids = users.values("pk")
    return _first(among.filter(brought, seq__gt=change.seq, entity_id__in=ids))


def later_changes(changes: ChangeQuerySet, *, owner: User) -> list[UUID]:
    """Return what was done after `changes` to their objects, or took a label's name."""
    last = changes.order_by("-seq").values_list("seq", flat=True)[:1].get()
    later = Change.objects.owned_by(owner).filter(seq__gt=last)
    same = later.filter(entity_id__in=changes.values("entity_id"))
    return _first(same) or _first(later.filter(_holds_a_name(changes, owner=owner)))


def _holds_a_name(changes: ChangeQuerySet, *, owner: User) -> Q:
    of_labels = changes.filter(entity=Entity.LABEL, before__has_key="name")
    befores = of_labels.values_list("before", flat=True)
    names = [before["name"] for before in befores if before]
    labels = Label.objects.owned_by(owner).named(names)
    return Q(entity=Entity.LABEL, entity_id__in=labels.values("pk"))


def _first(changes: ChangeQuerySet) -> list[UUID]:
    return list(changes.order_by("seq").values_list("pk", flat=True)[:NAMED_MAX])
