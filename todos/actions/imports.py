"""Bringing many rows in at once: all of them or none, in one batch.

Rows come as a stream, in chunks through the database, so any number fits into memory.
Nothing that the owner has is changed: a row that is there already is left as it is.
Which one that is, its id tells; see `import_ids`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from accounts.credentials import Credential
from accounts.models import User
from todos.actions.dates import settle_dates
from todos.actions.import_ids import Series, ids_of, settled_id
from todos.actions.import_rows import (
    FINDINGS_MAX,
    Finding,
    LabelRow,
    ListRow,
    Report,
    Row,
    TaskRow,
)
from todos.actions.labels import known_labels
from todos.actions.lists import require_room
from todos.actions.refusals import Refused
from todos.actions.rows import inbox_id
from todos.ledger import Batch, batch
from todos.models import (
    LABEL_KEY_MAX_LENGTH,
    LABELS_MAX,
    Label,
    Task,
    TaskLabel,
    TaskList,
    label_key,
    position_now,
)

CHUNK = 1_000  # rows on their way into the database

_T = TypeVar("_T")


class ImportClash(Refused):
    """The account changed while the import ran, in the very rows it brings."""

    code = "import_clash"


def import_rows(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    rows: Iterable[Row],
    dry_run: bool = False,
) -> Report:
    """Store the rows that the owner doesn't have yet, unless there is an error in any.

    A dry run does the same and then takes it back. What `rows` raises is passed on,
    and nothing is stored.

    Raises:
        ImportClash: another request got in the way.
    """
    try:
        with transaction.atomic():
            report = _imported(owner, by, at, rows)
            if dry_run or report.errors:
                transaction.set_rollback(True)
    except IntegrityError as exc:
        raise ImportClash("Something changed meanwhile. Import again.") from exc
    if dry_run or report.errors:
        report.batch = None
    if report.errors:
        report.created = 0
    return report


def _imported(owner: User, by: Credential, at: datetime, rows: Iterable[Row]) -> Report:
    with batch(owner=owner, by=by, at=at) as entries:
        importer = _Importer(owner, entries)
        for chunk in _chunks(rows):
            importer.take(chunk)
            entries.flush()
            if importer.report.is_full or importer.is_over:
                break
        importer.finish()
    return importer.report


def _chunks(rows: Iterable[_T]) -> Iterator[list[_T]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Home:
    """A list that tasks can come into."""

    id: UUID
    is_trashed: bool = False


class _Importer:
    """One import while it runs: what it has seen, and what it has to say."""

    def __init__(self, owner: User, entries: Batch) -> None:
        self.report = Report()
        self._owner = owner
        self._entries = entries
        self._inbox = _Home(inbox_id(owner))
        self._lists: dict[str, _Home] = {}  # by their id in the file
        self._names: dict[str, _Home] | None = None  # by their name, folded
        self._positions = iter(range(position_now(), 2**63))
        self._seen: set[bytes] = set()  # the ids of all rows of the file
        self._created: set[bytes] = set()  # of the tasks among them that are new
        self._left_out: set[str] = set()  # tasks whose steps can't come either
        self._in_trash = 0
        self.is_over = False  # nothing of the rest could be stored

    def take(self, rows: list[Row]) -> None:
        """Check and store some rows."""
        stored = []
        for row in rows:
            if isinstance(row, Finding):
                self.report.add(row)
            else:
                stored.append(row)
        # Findings stand between the rows; they must not tear apart what comes together.
        for kind, group in groupby(stored, type):
            same: list[Any] = list(group)
            if kind is ListRow:
                self._take_lists(same)
            elif kind is LabelRow:
                self._take_labels(same)
            else:
                self._take_tasks(same)

    def finish(self) -> None:
        """Say what can only be said at the end."""
        if self.report.created:
            self.report.batch = self._entries.id
        if self._in_trash:
            self._notice(
                None,
                "",
                f"{self._in_trash} of the tasks that you have already are in the"
                " trash. Restore them there.",
            )
        if self.report.is_full:
            self.report.errors.append(
                Finding(None, "", f"Only the first {FINDINGS_MAX} errors are listed.")
            )

    def _record(self, row: Task | TaskList | Label) -> None:
        self._entries.created(row)
        self.report.created += 1

    def _notice(self, row: int | None, name: str, message: str) -> None:
        self.report.add(Finding(row, name, message, is_error=False))

    def _error(self, row: int | None, exc: ValidationError, prefix: str = "") -> None:
        for name, messages in exc.message_dict.items():
            self.report.add(Finding(row, prefix + name, messages[0]))

    def _is_repeated(self, row: ListRow | TaskRow, new_id: UUID) -> bool:
        """Whether the id of this row stood further up in the file."""
        if new_id.bytes in self._seen:
            self.report.add(Finding(row.row, "id", "This id stands twice in the file."))
            return True
        self._seen.add(new_id.bytes)
        return False

    # --- Lists ----------------------------------------------------------------

    def _take_lists(self, rows: list[ListRow]) -> None:
        wanted = [pk for row in rows for pk in ids_of(self._owner, row.source)]
        mine = TaskList.objects.owned_by(self._owner)
        known = {row.pk: row for row in mine.filter(pk__in=wanted)}
        for row in rows:
            list_id = settled_id(self._owner, row.source, known)
            if self._is_repeated(row, list_id):
                continue
            if row.is_inbox:
                self._lists[row.source] = self._inbox
            elif found := known.get(list_id):
                self.report.skipped += 1
                self._lists[row.source] = _Home(list_id, bool(found.trashed_at))
            else:
                try:
                    self._lists[row.source] = self._create_list(list_id, row.fields)
                except ValidationError as exc:
                    self._error(row.row, exc, "lists.")
                    self.is_over = True
                    return

    def _create_list(self, list_id: UUID, fields: Mapping[str, Any]) -> _Home:
        at = self._entries.at
        defaults = {"created_at": at, "updated_at": at}
        new = TaskList(id=list_id, owner_id=self._owner.pk, **{**defaults, **fields})
        if new.trashed_at is None:
            require_room(self._owner)
        new.save(force_insert=True)
        self._record(new)
        return _Home(list_id, new.trashed_at is not None)

    def _home(self, row: TaskRow) -> _Home:
        if row.list_source:
            if row.list_source not in self._lists:
                raise ValidationError({"list": "There is no such list in the file."})
            return self._lists[row.list_source]
        return self._named(row.list_name) if row.list_name else self._inbox

    def _named(self, name: str) -> _Home:
        if self._names is None:
            lists = TaskList.objects.owned_by(self._owner).live().order_by("-position")
            self._names = {
                known.casefold(): _Home(list_id)
                for list_id, known in lists.values_list("pk", "name")
            }
        key = name.casefold()
        if key not in self._names:
            fields = {"name": name, "position": next(self._positions)}
            try:
                self._names[key] = self._create_list(uuid7(), fields)
            except ValidationError as exc:
                raise ValidationError({"list": exc.messages}) from exc
        return self._names[key]

    # --- Labels ---------------------------------------------------------------

    def _take_labels(self, rows: list[LabelRow]) -> None:
        wanted: dict[str, Mapping[str, Any]] = {}
        for row in rows:
            key = label_key(row.fields["name"])
            if key in wanted:
                self.report.add(
                    Finding(row.row, "labels.name", "This label stands twice.")
                )
            wanted[key] = row.fields
        created = self.report.created
        self._labels(wanted)
        self.report.skipped += len(wanted) - (self.report.created - created)

    def _labels(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Label]:
        """Return the labels by their keys; the ones that are missing are made.

        None at all where they would be too many: then the import is over.
        """
        try:
            labels = known_labels(wanted, owner=self._owner)
        except ValidationError as exc:
            self._error(None, exc)
            self.is_over = True
            return {}
        defaults = {"created_at": self._entries.at, "updated_at": self._entries.at}
        for key in sorted(wanted.keys() - labels.keys()):
            columns = {**defaults, **wanted[key]}
            labels[key] = Label.objects.create(
                owner_id=self._owner.pk, key=key, **columns
            )
            self._record(labels[key])
        return labels

    # --- Tasks ----------------------------------------------------------------

    def _take_tasks(self, rows: list[TaskRow]) -> None:
        known = self._known(rows)
        series = Series(self._owner, rows)
        new: list[tuple[TaskRow, Task]] = []
        for row in rows:
            try:
                task = self._task(row, known, series)
            except ValidationError as exc:
                self._error(row.row, exc)
                self._left_out.add(row.source)
            else:
                if task is not None:
                    known[task.pk] = task
                    new.append((row, task))
        self._store(new)

    def _known(self, rows: list[TaskRow]) -> dict[UUID, Task]:
        """Return the owner's tasks that rows may mean, as themselves or as parents."""
        sources = {name for row in rows for name in (row.source, row.parent) if name}
        wanted = [pk for source in sources for pk in ids_of(self._owner, source)]
        mine = Task.objects.owned_by(self._owner).filter(pk__in=wanted)
        columns = ("id", "owner_id", "list_id", "parent_id", "trashed_at")
        return {task.pk: task for task in mine.only(*columns)}

    def _task(
        self, row: TaskRow, known: dict[UUID, Task], series: Series
    ) -> Task | None:
        """Return the task to store, or None for one that the owner has.

        Raises:
            ValidationError: by field.
        """
        task_id = settled_id(self._owner, row.source, known)
        if row.source:
            if self._is_repeated(row, task_id):
                return None
            if task_id in known:
                self.report.skipped += 1
                self._in_trash += known[task_id].trashed_at is not None
                return None
        if row.parent and row.parent in self._left_out:
            self._left_out.add(row.source)
            return None
        at = self._entries.at
        task = Task(
            id=task_id,
            owner_id=self._owner.pk,
            **{
                "position": next(self._positions),
                "created_at": at,
                "updated_at": at,
                **row.fields,
            },
        )
        self._place(task, row, known)
        if not series.admits(task):
            self.report.skipped += 1
            self._left_out.add(row.source)
            self._notice(row.row, "series", "You have this occurrence already.")
            return None
        settle_dates(task, owner=self._owner, at=at)
        _check_labels(row)
        self._created.add(task_id.bytes)
        return task

    def _place(self, task: Task, row: TaskRow, known: dict[UUID, Task]) -> None:
        """Put a task below its parent and into its list, as far as both can take it.

        Raises:
            ValidationError: the file contradicts itself.
        """
        home = self._home(row)
        parent = self._parent(row, known)
        if parent is not None and self._takes(parent, task, row):
            is_new = parent.pk.bytes in self._created and not home.is_trashed
            if is_new and row.list_source and home.id != parent.list_id:
                raise ValidationError({"list": "A step is in the list of its task."})
            task.parent_id, task.list_id = parent.pk, parent.list_id
            return
        if home.is_trashed and task.trashed_at is None:
            self._notice(row.row, "list", "Its list is in the trash: see the inbox.")
            home = self._inbox
        task.list_id = home.id

    def _parent(self, row: TaskRow, known: dict[UUID, Task]) -> Task | None:
        if not row.parent:
            return None
        parent = known.get(settled_id(self._owner, row.parent, known))
        if parent is None:
            raise ValidationError({"parent": "There is no such task further up."})
        return parent

    def _takes(self, parent: Task, task: Task, row: TaskRow) -> bool:
        """Whether a task can have this step; one that the file doesn't bring may not.

        Raises:
            ValidationError: the file itself goes deeper than one level.
        """
        if parent.parent_id is not None:
            if parent.pk.bytes in self._created:
                raise ValidationError({"parent": "Steps go one level deep."})
            reason = "Its task is a step now"
        elif parent.trashed_at is not None and task.trashed_at is None:
            reason = "Its task is in the trash"
        else:
            return True
        self._notice(row.row, "parent", f"{reason}: it comes as a task of its own.")
        return False

    def _store(self, new: list[tuple[TaskRow, Task]]) -> None:
        wanted = {
            label_key(name): {"name": name} for row, _ in new for name in row.labels
        }
        labels = self._labels(wanted)
        if self.is_over:
            return
        carried = []
        for row, task in new:
            keys = sorted({label_key(name) for name in row.labels})
            task.label_names = [labels[key].name for key in keys]  # type: ignore[attr-defined]
            carried += [
                TaskLabel(owner_id=self._owner.pk, task_id=task.pk, label=labels[key])
                for key in keys
            ]
        Task.objects.bulk_create([task for _, task in new])
        TaskLabel.objects.bulk_create(carried)
        for _, task in new:
            self._record(task)


def _check_labels(row: TaskRow) -> None:
    keys = {label_key(name) for name in row.labels}
    if len(keys) > LABELS_MAX:
        raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
    if any(len(key) > LABEL_KEY_MAX_LENGTH for key in keys):
        raise ValidationError({"labels": "Use shorter names for labels."})
