"""Every write of a label, and of which tasks have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
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
from todos.models import (
    Label,
    Task,
    TaskLabel,
    TaskQuerySet,
    label_key,
    names_by_key,
)

LABELS_PER_USER_MAX = 500
CHUNK = 500  # tasks that are loaded at once


def create_label(caller: Caller, **fields: object) -> Label:
    """Store a new label. `fields` are columns of `Label`.

    Raises:
        ValidationError: for `name`, also if such a label exists.
        NoRoom: for `name`; the owner has as many labels as allowed.
    """
    with open_batch(caller) as batch:
        require_room(caller.owner, count=1, field="name")
        new = Label(
            owner_id=caller.owner.pk,
            created_at=caller.at,
            updated_at=caller.at,
            **fields,
        )
        _derive_key(new)
        with _unique_name():
            new.save(force_insert=True)
        batch.created(new)
    return new


def update_label(
    caller: Caller,
    *,
    label_id: UUID,
    changes: Mapping[str, object],
    version: ExpectedVersion = None,
) -> Label:
    """Change the given fields of a label.

    Every task with the label shows its name, so a new name raises their versions.

    Raises:
        Label.DoesNotExist: the owner has no such label.
        VersionConflict: it does not have the expected `version`.
        ValidationError: for `name`, also if another label has it.
    """
    with open_batch(caller) as batch:
        label = _label_of(caller.owner, label_id, version=version)
        before = snapshot(label)
        for name, value in changes.items():
            setattr(label, name, value)
        if label.name != before["name"]:
            _derive_key(label)
            with _unique_name():
                label.save(update_fields=["name", "key"])
            touch_labelled_tasks(label, at=caller.at)
        store(label, before, Kind.UPDATED, batch)
    return label


def delete_label(
    caller: Caller,
    *,
    label_id: UUID,
    version: ExpectedVersion = None,
) -> None:
    """Remove a label from all of its tasks, and delete it.

    Labels have no trash, but undo restores the label to the same tasks.

    Raises:
        Label.DoesNotExist, VersionConflict: as `update_label`.
    """
    with open_batch(caller) as batch:
        label = _label_of(caller.owner, label_id, version=version)
        _remove(label, batch)


def merge_labels(
    caller: Caller,
    *,
    label_id: UUID,
    into: UUID,
    version: ExpectedVersion = None,
) -> Label:
    """Replace a label by another on all of its tasks, delete it, return the other.

    Raises:
        Label.DoesNotExist, VersionConflict: as `update_label`.
        ValidationError: for `into`, which must be another label of the owner.
    """
    with open_batch(caller) as batch:
        label = _label_of(caller.owner, label_id, version=version)
        if into == label_id:
            raise ValidationError({"into": "Choose another label."})
        kept = Label.objects.owned_by(caller.owner).filter(pk=into).first()
        if kept is None:
            raise ValidationError({"into": "There is no such label."})
        _remove(label, batch, instead=kept)
    return kept


def _remove(label: Label, batch: Batch, *, instead: Label | None = None) -> None:
    labelled = _labelled_with(label).with_labels().order_by("id")
    while tasks := list(labelled[:CHUNK]):
        unlabel_all(tasks, label, batch, instead=instead)
        batch.flush()
    batch.removed(label, before=snapshot(label))
    Label.objects.filter(owner=batch.owner, pk=label.pk).delete()


def _label_of(owner: User, label_id: UUID, *, version: ExpectedVersion) -> Label:
    label = Label.objects.owned_by(owner).get(pk=label_id)
    require_version(label, version)
    return label


def _derive_key(label: Label) -> None:
    label.key = label_key(label.name)
    if len(label.key) > LABEL_KEY_MAX_LENGTH:
        raise ValidationError({"name": "Use a shorter name."})


@contextmanager
def _unique_name() -> Iterator[None]:
    """Turn the violation of a unique name into a validation error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        raise ValidationError(
            {"name": "A label with this name already exists."}
        ) from exc


def require_room(owner: User, *, count: int, field: str) -> None:
    """Require that the owner can have `count` more labels.

    Raises:
        NoRoom: for `field`.
    """
    if Label.objects.owned_by(owner).count() + count > LABELS_PER_USER_MAX:
        text = f"You can have at most {LABELS_PER_USER_MAX} labels. Delete one first."
        raise NoRoom({field: text})


def touch_labelled_tasks(label: Label, *, at: datetime) -> None:
    """Raise the versions of the tasks with a label, because they show its name."""
    _labelled_with(label).update(version=F("version") + 1, updated_at=at)


def _labelled_with(label: Label) -> TaskQuerySet:
    owner = label.owner_id
    labelled = TaskLabel.objects.filter(owner=owner, label=label).values("task_id")
    return Task.objects.filter(owner=owner, pk__in=labelled)


# --- On tasks ---------------------------------------------------------------------


def label_all(tasks: Iterable[Task], label: Label, batch: Batch) -> None:
    """Add a label to the tasks that do not have it."""
    changed = [
        (task, snapshot(task)) for task in tasks if label.name not in task.label_names
    ]
    for task, _ in changed:
        task.label_names = sorted([*task.label_names, label.name], key=label_key)
    _insert_task_labels((label.owner_id, task.pk, label.pk) for task, _ in changed)
    store_all(changed, Kind.UPDATED, batch)


def unlabel_all(
    tasks: Iterable[Task], label: Label, batch: Batch, *, instead: Label | None = None
) -> None:
    """Remove a label from the tasks that have it, and add `instead` to them."""
    changed = [
        (task, snapshot(task)) for task in tasks if label.name in task.label_names
    ]
    kept = {instead.name} if instead else set[str]()
    missing = [task for task, _ in changed if not kept & {*task.label_names}]
    for task, _ in changed:
        names = {*task.label_names} - {label.name} | kept
        task.label_names = sorted(names, key=label_key)
    task_labels = TaskLabel.objects.filter(owner=batch.owner, label=label)
    task_labels.filter(task__in=[task.pk for task, _ in changed]).delete()
    if instead:
        _insert_task_labels((label.owner_id, task.pk, instead.pk) for task in missing)
    store_all(changed, Kind.UPDATED, batch)


def set_labels(task: Task, names: Iterable[str], batch: Batch) -> None:
    """Set the labels of a task to exactly these; unknown ones are created.

    Raises:
        ValidationError: for `labels`; there are too many, or one is too long.
    """
    set_all_labels([(task, names)], batch)


def set_all_labels(wanted: Iterable[tuple[Task, Iterable[str]]], batch: Batch) -> None:
    """Set the labels of many tasks as `set_labels` does, with few statements.

    The tasks must be loaded with their labels.
    """
    names: dict[str, str] = {}
    keys_of: list[tuple[Task, set[str]]] = []
    for task, task_names in wanted:
        by_key = names_by_key(task_names)
        if len(by_key) > LABELS_MAX:
            raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
        for key, name in by_key.items():
            names.setdefault(key, name)
        if by_key or task.label_names:
            keys_of.append((task, set(by_key)))
    if not keys_of:
        return
    labels = {label.key: label for label in labels_named(names, batch)}
    added: list[tuple[UUID, UUID, UUID]] = []
    losing: dict[UUID, set[str]] = {}
    for task, keys in keys_of:
        had = set(map(label_key, task.label_names))
        added += [
            (batch.owner.pk, task.pk, labels[key].pk) for key in sorted(keys - had)
        ]
        if had - keys:
            losing[task.pk] = had - keys
        task.label_names = [labels[key].name for key in sorted(keys)]
    _delete_task_labels(losing, batch.owner)
    _insert_task_labels(added)


def _insert_task_labels(added: Iterable[tuple[UUID, UUID, UUID]]) -> None:
    """Store which tasks have which labels, as ids of owner, task and label.

    There can be twenty for each task, so no model instances are created.
    """
    Insert(TaskLabel, ["owner_id", "task_id", "label_id"], added).run()


def _delete_task_labels(lost: Mapping[UUID, Collection[str]], owner: User) -> None:
    """Remove labels, given by their keys, from tasks, given by their ids."""
    if not lost:
        return
    keys = set[str]().union(*lost.values())
    mine = TaskLabel.objects.filter(owner=owner)
    task_labels = mine.filter(task__in=lost, label__key__in=keys)
    taken = [
        pk
        for pk, task_id, key in task_labels.values_list("pk", "task_id", "label__key")
        if key in lost[task_id]
    ]
    mine.filter(pk__in=taken).delete()


def known_labels(
    wanted: Collection[str], *, owner: User, field: str = "labels"
) -> dict[str, Label]:
    """Return the existing labels with the `wanted` keys, and check the missing ones.

    Raises:
        ValidationError: for `field`; the missing labels can't be created.
    """
    if not wanted:
        return {}
    # Case folding can turn one letter into three.
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
    """Return the labels with these names, given by key; unknown ones are created.

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
