"""Quick add: tasks from lines of text, all of them or none."""

from __future__ import annotations

from typing import Unpack
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from todos.actions.labels import known_labels, labels_named
from todos.actions.lists import require_room
from todos.actions.quick_lines import Draft, Options, read_lines
from todos.actions.undo import undo
from todos.caller import Caller
from todos.ledger import Batch, open_batch
from todos.models import Task, TaskLabel, TaskList, label_key, names_by_key
from todos.schedule.quick_add import lines_of


def preview_quick_add(
    caller: Caller, *, text: str, **options: Unpack[Options]
) -> list[Draft]:
    """Return the tasks that the lines of a text describe, without storing them.

    Raises:
        ValidationError: as `read_lines`.
    """
    drafts = read_lines(caller, text, options)
    wanted = _label_names(drafts)
    known = known_labels(wanted, owner=caller.owner, field="text")
    # Existing labels keep their spelling, as `quick_add` stores them.
    names = wanted | {key: label.name for key, label in known.items()}
    for draft in drafts:
        draft.task.label_names = [names[key] for key in _keys(draft)]
    return drafts


def quick_add(caller: Caller, *, text: str, **options: Unpack[Options]) -> list[Draft]:
    """Store the tasks that the lines of a text describe; unknown labels are created.

    Raises:
        ValidationError: as `read_lines`; then nothing is stored.
        AccountFull: the owner would have more tasks and lists than allowed.
    """
    return _add(caller, text, options)


def redo_quick_add(
    caller: Caller, *, batch_id: UUID, text: str, **options: Unpack[Options]
) -> list[Draft]:
    """Undo the batch of an earlier quick add and add the lines again, in one batch.

    Raises:
        Change.DoesNotExist, CannotBeUndone, UndoConflict, UndoTooLarge: as `undo`.
        ValidationError, AccountFull: as `quick_add`.
    """
    with transaction.atomic():
        undone = undo(caller, batch_id=batch_id)
        return _add(caller, text, options, batch_id=undone.batch)


def _add(
    caller: Caller, text: str, options: Options, *, batch_id: UUID | None = None
) -> list[Draft]:
    with open_batch(caller, batch_id=batch_id, adds=len(lines_of(text))) as batch:
        drafts = read_lines(caller, text, options)
        _create_lists(drafts, batch)
        Task.objects.bulk_create([draft.task for draft in drafts])
        _set_labels(drafts, batch)
        for draft in drafts:
            batch.created(draft.task)
    return drafts


def _create_lists(drafts: list[Draft], batch: Batch) -> None:
    lists = {draft.new_list.pk: draft.new_list for draft in drafts if draft.new_list}
    if not lists:
        return
    try:
        require_room(batch.owner, count=len(lists))
    except ValidationError as exc:
        raise ValidationError({"text": exc.messages}) from exc
    TaskList.objects.bulk_create(lists.values())
    for row in lists.values():
        batch.created(row)


def _label_names(drafts: list[Draft]) -> dict[str, str]:
    """Return the names of all labels in the lines, by their keys."""
    return names_by_key(name for draft in drafts for name in draft.labels)


def _keys(draft: Draft) -> list[str]:
    """Return the keys of a draft's labels, in the order in which tasks show them."""
    return sorted(map(label_key, draft.labels))


def _set_labels(drafts: list[Draft], batch: Batch) -> None:
    labels_of = labels_named(_label_names(drafts), batch, field="text")
    found = {label.key: label for label in labels_of}
    task_labels: list[TaskLabel] = []
    for draft in drafts:
        labels = [found[key] for key in _keys(draft)]
        draft.task.label_names = [label.name for label in labels]
        task_labels += [
            TaskLabel(owner_id=batch.owner.pk, task=draft.task, label=label)
            for label in labels
        ]
    TaskLabel.objects.bulk_create(task_labels)
