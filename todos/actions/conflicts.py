"""Finding the later changes that conflict with an undo, to name them in its refusal.

They need not be changes of the same object: a task may have been added to a list that
the undo would remove, or a label renamed, or its name given to another label.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from todos.ledger import Entity
from todos.models import Change, ChangeQuerySet, Label, Task

NAMED_MAX = 20  # changes that a refusal names


def changes_to_object(change: Change, among: ChangeQuerySet) -> list[UUID]:
    """Return later changes of the same object."""
    later = among.filter(seq__gt=change.seq)
    return _first(later.of(change.entity, change.entity_id))


def label_renames(
    change: Change, names: Iterable[str], among: ChangeQuerySet
) -> list[UUID]:
    """Return later changes that renamed labels of the changed task.

    `names` are the present labels of the task.
    """
    renamed = set(names) ^ set((change.after or {}).get("labels", []))
    named = Q(before__name__in=renamed) | Q(after__name__in=renamed)
    later = among.filter(named, entity=Entity.LABEL, seq__gt=change.seq)
    return _first(later)


def new_references(change: Change, among: ChangeQuerySet, *, owner: User) -> list[UUID]:
    """Return later changes that made tasks refer to the object."""
    key = change.entity_id
    tasks = Task.objects.owned_by(owner)
    referring, is_reference = {
        Entity.TASK: (tasks.filter(parent=key), Q(after__parent_id=str(key))),
        Entity.LIST: (tasks.filter(list=key), Q(after__list_id=str(key))),
        Entity.LABEL: (tasks.filter(labels=key), Q(after__has_key="labels")),
    }[Entity(change.entity)]
    ids = referring.values("pk")
    return _first(among.filter(is_reference, seq__gt=change.seq, entity_id__in=ids))


def later_changes(changes: ChangeQuerySet, *, owner: User) -> list[UUID]:
    """Return later changes of the same objects, or that took the name of a label."""
    last = changes.order_by("-seq").values_list("seq", flat=True)[:1].get()
    later = Change.objects.owned_by(owner).filter(seq__gt=last)
    same = later.filter(entity_id__in=changes.values("entity_id"))
    return _first(same) or _first(later.filter(_has_former_name(changes, owner=owner)))


def _has_former_name(changes: ChangeQuerySet, *, owner: User) -> Q:
    of_labels = changes.filter(entity=Entity.LABEL, before__has_key="name")
    befores = of_labels.values_list("before", flat=True)
    names = [before["name"] for before in befores if before]
    labels = Label.objects.owned_by(owner).named(names)
    return Q(entity=Entity.LABEL, entity_id__in=labels.values("pk"))


def _first(changes: ChangeQuerySet) -> list[UUID]:
    return list(changes.order_by("seq").values_list("pk", flat=True)[:NAMED_MAX])
