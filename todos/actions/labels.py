"""Labels, and which tasks carry them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from config.writes import Insert
from todos.actions.loading import ExpectedVersion, require_version
from todos.actions.refusals import NoRoom
from todos.actions.storing import store, store_all
from todos.caller import Caller
from todos.ledger import Batch, Kind, open_batch, snapshot
from todos.limits import LABEL_KEY_MAX_LENGTH, LABELS_MAX
from todos.models import Label, Task, TaskLabel, TaskQuerySet, label_key

LABELS_PER_USER_MAX = 500  # that one person can have
CHUNK = 500  # tasks at once


def create_label(caller: Caller, **fields: Any) -> Label:
    """Store a new label. `fields` are columns by name.

    Raises:
        ValidationError: for `name`, also where there is such a label.
    """
    with open_batch(caller) as batch:
        require_room(caller.owner, count=1, field="name")
        new = Label(
            owner_id=caller.owner.pk,
            created_at=caller.at,
            updated_at=caller.at,
            **fields,
        )
        _save_name(new, force_insert=True)
        batch.created(new)
    return new


def update_label(
    caller: Caller,
    *,
    label_id: UUID,
    changes: Mapping[str, Any],
    version: ExpectedVersion = None,
) -> Label:
    """Change the named fields of a label.

    Another name is a change of every task that carries it: its version is counted.

    Raises:
        Label.DoesNotExist: not a label of the owner.
        VersionConflict: `version` is given and is not the stored one.
        ValidationError: for `name`, also where another label has it.
    """
    with open_batch(caller) as batch:
        label = _label_of(caller.owner, label_id, version=version)
        before = snapshot(label)
        for name, value in changes.items():
            setattr(label, name, value)
        if label.name != before["name"]:
            _save_name(label, update_fields=["name", "key"])
            touch_labelled_tasks(label, at=caller.at)
        store(label, before, Kind.UPDATED, batch)
    return label


def delete_label(
    caller: Caller,
    *,
    label_id: UUID,
    version: ExpectedVersion = None,
) -> None:
    """Take a label from every task that carries it, and delete it.

    There is no trash for labels: undo brings it back, to the same tasks.

    Raises:
        Label.DoesNotExist, VersionConflict: as `update_label`.
    """
    with open_batch(caller) as batch:
        label = _label_of(caller.owner, label_id, version=version)
        carriers = _labelled_with(label).with_labels().order_by("id")
        while tasks := list(carriers[:CHUNK]):
            unlabel_all(tasks, label, batch)
            batch.flush()
        batch.removed(label, before=snapshot(label))
        label.delete()


def _label_of(owner: User, label_id: UUID, *, version: ExpectedVersion) -> Label:
    label = Label.objects.owned_by(owner).get(pk=label_id)
    require_version(label, version)
    return label


def _save_name(label: Label, **how: Any) -> None:
    label.key = label_key(label.name)
    if len(label.key) > LABEL_KEY_MAX_LENGTH:
        raise ValidationError({"name": "Use a shorter name."})
    try:
        with transaction.atomic():
            label.save(**how)
    except IntegrityError as exc:
        raise ValidationError({"name": "There is a label of this name."}) from exc


def require_room(owner: User, *, count: int, field: str) -> None:
    """Refuse `count` new labels where they would be too many.

    Raises:
        NoRoom: for `field`.
    """
    if Label.objects.owned_by(owner).count() + count > LABELS_PER_USER_MAX:
        raise NoRoom(
            {field: f"Keep at most {LABELS_PER_USER_MAX} labels; delete one first."}
        )


def touch_labelled_tasks(label: Label, *, at: datetime) -> None:
    """Count the version of the tasks that carry a label: they show its name."""
    _labelled_with(label).update(version=F("version") + 1, updated_at=at)


def _labelled_with(label: Label) -> TaskQuerySet:
    carriers = TaskLabel.objects.filter(label=label).values("task_id")
    return Task.objects.filter(owner_id=label.owner_id, pk__in=carriers)


# --- On tasks ---------------------------------------------------------------------


def label_all(tasks: Iterable[Task], label: Label, batch: Batch) -> None:
    """Put a label on the tasks, which may carry it already."""
    changed = [
        (task, snapshot(task)) for task in tasks if label.name not in task.label_names
    ]
    for task, _ in changed:
        task.label_names = sorted([*task.label_names, label.name], key=label_key)
    _give_labels((label.owner_id, task.pk, label.pk) for task, _ in changed)
    store_all(changed, Kind.UPDATED, batch)


def unlabel_all(tasks: Iterable[Task], label: Label, batch: Batch) -> None:
    """Take a label from the tasks, which may not carry it."""
    changed = [
        (task, snapshot(task)) for task in tasks if label.name in task.label_names
    ]
    for task, _ in changed:
        task.label_names = [name for name in task.label_names if name != label.name]
    carried = TaskLabel.objects.filter(label=label)
    carried.filter(task__in=[task.pk for task, _ in changed]).delete()
    store_all(changed, Kind.UPDATED, batch)


def set_labels(task: Task, names: Iterable[str], batch: Batch) -> None:
    """Make the task carry exactly these labels; unknown ones are created.

    Raises:
        ValidationError: more than `LABELS_MAX`, or one too long to be compared.
    """
    set_all_labels([(task, names)], batch)


def set_all_labels(wanted: Iterable[tuple[Task, Iterable[str]]], batch: Batch) -> None:
    """As `set_labels` for many tasks; the number of statements doesn't grow with them.

    The tasks come in with `label_names`.
    """
    names: dict[str, str] = {}
    key_of = lru_cache(maxsize=None)(label_key)  # of names that come again and again
    keys_of: list[tuple[Task, set[str]]] = []
    for task, wished in wanted:
        by_key = {key_of(name): name for name in wished}
        if len(by_key) > LABELS_MAX:
            raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
        names = by_key | names
        keys_of.append((task, set(by_key)))
    labels = {label.key: label for label in labels_named(names, batch)}
    added: list[tuple[UUID, UUID, UUID]] = []
    losing: dict[UUID, set[str]] = {}
    for task, keys in keys_of:
        had = set(map(key_of, task.label_names))
        added += [
            (batch.owner.pk, task.pk, labels[key].pk) for key in sorted(keys - had)
        ]
        if had - keys:
            losing[task.pk] = had - keys
        task.label_names = [labels[key].name for key in sorted(keys)]
    _take_labels(losing)
    _give_labels(added)


def _give_labels(carried: Iterable[tuple[UUID, UUID, UUID]]) -> None:
    """Store which tasks carry which labels: the owner, the task and the label.

    There can be twenty for each task, so there is no instance of each.
    """
    Insert(TaskLabel, ["owner_id", "task_id", "label_id"], carried).run()


def _take_labels(lost: Mapping[UUID, Collection[str]]) -> None:
    """Take labels, by their keys, from tasks, by their ids."""
    if not lost:
        return
    keys = set[str]().union(*lost.values())
    carried = TaskLabel.objects.filter(task__in=lost, label__key__in=keys)
    taken = [
        pk
        for pk, task_id, key in carried.values_list("pk", "task_id", "label__key")
        if key in lost[task_id]
    ]
    TaskLabel.objects.filter(pk__in=taken).delete()


def known_labels(
    wanted: Collection[str], *, owner: User, field: str = "labels"
) -> dict[str, Label]:
    """Return the labels that there are of these, by their keys; the others can be made.

    Raises:
        ValidationError: for `field`; they can't.
    """
    if not wanted:
        return {}
    # Folded for comparison, a letter can become three.
    if any(len(key) > LABEL_KEY_MAX_LENGTH for key in wanted):
        raise ValidationError({field: "Use shorter names for labels."})
    mine = Label.objects.owned_by(owner).filter(key__in=wanted)
    labels = {label.key: label for label in mine}
    if len(labels) < len(wanted):
        require_room(owner, count=len(wanted) - len(labels), field=field)
    return labels


def labels_named(
    wanted: Mapping[str, str], batch: Batch, *, field: str = "labels"
) -> list[Label]:
    """Return the labels of these names, by their keys; unknown ones are created.

    Raises:
        ValidationError: for `field`.
    """
    labels = known_labels(wanted, owner=batch.owner, field=field)
    new = [
        Label(
            owner_id=batch.owner.pk,
            key=key,
            name=wanted[key],
            created_at=batch.at,
            updated_at=batch.at,
        )
        for key in sorted(wanted.keys() - labels.keys())
    ]
    Insert.of(Label, new).run()
    for label in new:
        batch.created(label)
        labels[label.key] = label
    return [labels[key] for key in sorted(labels)]
