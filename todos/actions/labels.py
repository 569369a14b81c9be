"""Labels, and which tasks carry them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError

from accounts.models import User
from todos.ledger import Batch
from todos.models import (
    LABEL_KEY_MAX_LENGTH,
    LABELS_MAX,
    Label,
    Task,
    TaskLabel,
    label_key,
)


def set_labels(
    task: Task, names: Iterable[str], *, owner: User, entries: Batch
) -> None:
    """Make the task carry exactly these labels; unknown ones are created.

    Raises:
        ValidationError: more than `LABELS_MAX`, or one too long to be compared.
    """
    wanted = {label_key(name): name for name in names}
    if len(wanted) > LABELS_MAX:
        raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
    # Folded for comparison, a letter can become three.
    if any(len(key) > LABEL_KEY_MAX_LENGTH for key in wanted):
        raise ValidationError({"labels": "Use shorter names for labels."})
    labels = _labels_named(wanted, owner=owner, entries=entries)
    carried = TaskLabel.objects.filter(task=task)
    if not task._state.adding and getattr(task, "label_names", None):
        carried.exclude(label__in=labels).delete()
    TaskLabel.objects.bulk_create(
        [TaskLabel(owner_id=owner.pk, task=task, label=label) for label in labels],
        ignore_conflicts=True,
    )
    task.label_names = [label.name for label in labels]  # type: ignore[attr-defined]


def _labels_named(
    wanted: Mapping[str, str], *, owner: User, entries: Batch
) -> list[Label]:
    if not wanted:
        return []
    mine = Label.objects.owned_by(owner)
    labels = {label.key: label for label in mine.filter(key__in=wanted)}
    for key in wanted.keys() - labels.keys():
        label, created = mine.get_or_create(
            owner_id=owner.pk,
            key=key,
            defaults={
                "name": wanted[key],
                "created_at": entries.at,
                "updated_at": entries.at,
            },
        )
        labels[key] = label
        if created:
            entries.created(label)
    return [labels[key] for key in sorted(labels)]
