"""Bringing many rows in at once: all of them or none, in one batch.

Rows are read and checked before anything is locked; what would be stored is planned by
what the owner has then. Storing the plan is all that the transaction does. Where the
owner's data has changed in between, a new plan is made: their ledger's number tells.

Nothing that the owner has is changed: a row that is there already is left as it is.
Which one that is, its id tells; see `ids`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from uuid_utils.compat import uuid7

from config.refusals import Refusal
from config.writes import Insert
from todos.actions.dates import settle_dates
from todos.actions.imports.ids import Series, ids_of, settled_id
from todos.actions.imports.rows import (
    ISSUES_MAX,
    FileItem,
    ImportReport,
    LabelRow,
    ListRow,
    RowIssue,
    TaskRow,
)
from todos.actions.labels import require_room as require_room_for_labels
from todos.actions.lists import require_room as require_room_for_lists
from todos.actions.rows import StepCount, count_steps, inbox_id
from todos.caller import Caller
from todos.ledger import last_number, open_batch, snapshot
from todos.limits import LABEL_KEY_MAX_LENGTH, LABELS_MAX
from todos.models import Label, Task, TaskLabel, TaskList, label_key, position_now

CHUNK = 1_000  # rows that are looked up together
PART = 10_000  # tasks that one transaction stores
TRIES = 5  # plans, while the owner's data keeps changing

_T = TypeVar("_T")


class ImportClash(Refusal):
    """The owner's data kept changing while the import was prepared or stored."""

    code = "import_clash"
    text = "The account was changed during the import. Import again."


class PreparedImport:
    """Rows that are read and checked, and what storing them would come to.

    Nothing is locked and nothing stored by preparing. What `rows` raises is passed on.
    More than `PART` tasks are stored in parts, once all of them are found good.
    """

    def __init__(self, caller: Caller, rows: Iterable[FileItem]) -> None:
        self._caller = caller
        self._rows: list[FileItem] = []
        self._plan = _planned(caller, self._kept(rows))

    @property
    def report(self) -> ImportReport:
        """What storing would report."""
        return self._plan.report

    def store(self) -> ImportReport:
        """Store the rows, unless there is an error in any.

        Raises:
            ImportClash: other requests got in the way.
        """
        for _ in range(TRIES):
            if self.report.errors:
                return self.report
            try:
                _Storing(self._plan, self._caller).run()
            except _Stale:
                self._plan = _planned(self._caller, self._rows)
            except IntegrityError as exc:
                raise ImportClash from exc
            else:
                return self.report
        raise ImportClash

    def _kept(self, rows: Iterable[FileItem]) -> Iterator[FileItem]:
        for row in rows:
            self._rows.append(row)
            yield row


class _Stale(Exception):
    """The owner's data is not what the plan was made by."""


@dataclass(slots=True)
class _Plan:
    """What an import stores, and the number of the ledger that it was made by."""

    after: int
    report: ImportReport
    lists: list[TaskList]
    labels: list[Label]
    tasks: list[Task]


def _planned(caller: Caller, rows: Iterable[FileItem]) -> _Plan:
    after = last_number(caller.owner)
    planner = _Planner(caller)
    for chunk in _chunks(rows):
        planner.take(chunk)
        if planner.report.is_full or planner.is_over:
            break
    planner.finish()
    return _Plan(
        after,
        planner.report,
        planner.new_lists,
        list(planner.new_labels.values()),
        list(planner.new_tasks.values()),
    )


class _Storing:
    """The transactions that store a plan, all of one batch."""

    def __init__(self, plan: _Plan, caller: Caller) -> None:
        self._plan, self._caller = plan, caller
        self._batch_id: UUID = uuid7()
        self._after = plan.after

    def run(self) -> None:
        """Store the plan.

        Raises:
            _Stale: the owner's data is not what it was; nothing is stored.
            ImportClash: it changed between two parts.
        """
        plan, tasks = self._plan, self._plan.tasks
        self._store([*plan.lists, *plan.labels], tasks[:PART])
        for start in range(PART, len(tasks), PART):
            try:
                self._store([], tasks[start : start + PART])
            except (_Stale, IntegrityError) as exc:
                raise ImportClash(
                    f"The account was changed during the import. {start} of"
                    f" {len(tasks)} tasks are stored, as batch {self._batch_id}."
                    " Import again for the rest."
                ) from exc
        if plan.report.created:
            plan.report.batch = self._batch_id

    def _store(self, rows: list[TaskList | Label], tasks: list[Task]) -> None:
        owner_id = self._caller.owner.pk
        inserts = [
            Insert.of(TaskList, [row for row in rows if isinstance(row, TaskList)]),
            Insert.of(Label, [row for row in rows if isinstance(row, Label)]),
            Insert.of(Task, tasks),
            Insert(
                TaskLabel,
                ["owner_id", "task_id", "label_id"],
                (
                    (owner_id, task.pk, label_id)
                    for task in tasks
                    for label_id in task.label_ids  # type: ignore[attr-defined]
                ),
            ),
        ]
        created = [(row, snapshot(row)) for row in [*rows, *tasks]]
        adds = len(tasks) + sum(isinstance(row, TaskList) for row in rows)
        with open_batch(self._caller, batch_id=self._batch_id, adds=adds) as batch:
            if batch.after != self._after:
                raise _Stale
            for insert in inserts:
                insert.run()
            for row, after in created:
                batch.created(row, after)
            batch.flush()
            self._after = batch.last


def _chunks(rows: Iterable[_T]) -> Iterator[list[_T]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Home:
    """A list that tasks can come into."""

    id: UUID
    is_trashed: bool = False


class _Planner:
    """Plans one import: what it has seen, what it would store, what there is to say."""

    def __init__(self, caller: Caller) -> None:
        self.report = ImportReport()
        self.new_lists: list[TaskList] = []
        self.new_labels: dict[str, Label] = {}  # by their keys
        self.new_tasks: dict[UUID, Task] = {}
        self.is_over = False  # nothing of the rest could be stored
        self._caller = caller
        self._owner, self._at = caller.owner, caller.at
        self._inbox = _Home(inbox_id(caller.owner))
        self._lists: dict[str, _Home] = {}  # by their id in the file
        self._names: dict[str, _Home] | None = None  # by their name, folded
        self._labels: dict[str, Label] | None = None  # by their keys
        self._positions = iter(range(position_now(), 2**63))
        self._seen: set[bytes] = set()  # the ids of all rows of the file
        self._left_out: set[str] = set()  # tasks whose steps can't come either
        self._series = Series(caller.owner)
        self._steps: dict[UUID, StepCount] = {}  # by their task
        self._in_trash = 0

    def take(self, rows: list[FileItem]) -> None:
        """Check some rows, and plan what to store of them."""
        stored = []
        for row in rows:
            if isinstance(row, RowIssue):
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
        new = (self.new_lists, self.new_labels, self.new_tasks)
        self.report.created = 0 if self.report.errors else sum(map(len, new))
        if self._in_trash:
            self._notice(
                None,
                "",
                f"{self._in_trash} of the tasks that you have already are in the"
                " trash. Restore them there.",
            )
        if self.report.is_full:
            self.report.errors.append(
                RowIssue(None, "", f"Only the first {ISSUES_MAX} errors are listed.")
            )

    def _notice(self, row: int | None, name: str, message: str) -> None:
        self.report.add(RowIssue(row, name, message, is_error=False))

    def _error(self, row: int | None, exc: ValidationError, prefix: str = "") -> None:
        for name, messages in exc.message_dict.items():
            self.report.add(RowIssue(row, prefix + name, messages[0]))

    def _is_repeated(self, row: ListRow | TaskRow, new_id: UUID) -> bool:
        """Whether the id of this row stood further up in the file."""
        if new_id.bytes in self._seen:
            issue = RowIssue(row.row, "id", "Duplicate id in the file.")
            self.report.add(issue)
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
        defaults = {"created_at": self._at, "updated_at": self._at}
        new = TaskList(id=list_id, owner_id=self._owner.pk, **{**defaults, **fields})
        if new.trashed_at is None:
            live = [row for row in self.new_lists if row.trashed_at is None]
            require_room_for_lists(self._owner, count=len(live) + 1)
        self.new_lists.append(new)
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
                    RowIssue(row.row, "labels.name", "Duplicate label in the file.")
                )
            wanted[key] = row.fields
        made = len(self.new_labels)
        self._labels_named(wanted)
        self.report.skipped += len(wanted) - (len(self.new_labels) - made)

    def _labels_named(
        self, wanted: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Label]:
        """Return the labels, stored and planned; of these, the missing are planned.

        None at all where they would be too many: then the import is over.
        """
        if self._labels is None:
            mine = Label.objects.owned_by(self._owner)
            self._labels = {label.key: label for label in mine}
        missing = sorted(wanted.keys() - self._labels.keys())
        if missing:
            try:
                count = len(self.new_labels) + len(missing)
                require_room_for_labels(self._owner, count=count, field="labels")
            except ValidationError as exc:
                self._error(None, exc)
                self.is_over = True
                return {}
        defaults = {"created_at": self._at, "updated_at": self._at}
        for key in missing:
            columns = {**defaults, **wanted[key]}
            label = Label(owner_id=self._owner.pk, key=key, **columns)
            self._labels[key] = self.new_labels[key] = label
        return self._labels

    # --- Tasks ----------------------------------------------------------------

    def _take_tasks(self, rows: list[TaskRow]) -> None:
        known = self._known(rows)
        self._series.look_up(rows)
        self._count_steps(known)
        new: list[tuple[TaskRow, Task]] = []
        for row in rows:
            try:
                task = self._task(row, known)
            except ValidationError as exc:
                self._error(row.row, exc)
                self._left_out.add(row.source)
            else:
                if task is not None:
                    known[task.pk] = self.new_tasks[task.pk] = task
                    new.append((row, task))
        self._label(new)

    def _known(self, rows: list[TaskRow]) -> dict[UUID, Task]:
        """Return the owner's tasks that rows may mean, as themselves or as parents."""
        sources = {name for row in rows for name in (row.source, row.parent) if name}
        wanted = [pk for source in sources for pk in ids_of(self._owner, source)]
        mine = Task.objects.owned_by(self._owner).filter(pk__in=wanted)
        columns = ("id", "owner_id", "list_id", "parent_id", "trashed_at")
        stored = {task.pk: task for task in mine.only(*columns)}
        planned = {pk: self.new_tasks[pk] for pk in wanted if pk in self.new_tasks}
        return stored | planned

    def _count_steps(self, known: Mapping[UUID, Task]) -> None:
        """Count the steps that stored tasks have, once for each."""
        ids = known.keys() - self.new_tasks.keys() - self._steps.keys()
        self._steps |= count_steps(ids, owner=self._owner)

    def _task(self, row: TaskRow, known: dict[UUID, Task]) -> Task | None:
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
        at = self._at
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
        if not self._series.admits(task):
            self.report.skipped += 1
            self._left_out.add(row.source)
            self._notice(row.row, "series", "You have this occurrence already.")
            return None
        settle_dates(task, self._caller)
        _check_labels(row)
        if task.parent_id is not None:
            self._steps[task.parent_id].add(task)
        return task

    def _place(self, task: Task, row: TaskRow, known: dict[UUID, Task]) -> None:
        """Put a task below its parent and into its list, as far as both can take it.

        Raises:
            ValidationError: the file contradicts itself.
        """
        home = self._home(row)
        parent = self._parent(row, known)
        if parent is not None and self._takes(parent, task, row):
            is_new = parent.pk in self.new_tasks and not home.is_trashed
            if is_new and row.list_source and home.id != parent.list_id:
                raise ValidationError({"list": "A step is in the list of its task."})
            count = self._steps.setdefault(parent.pk, StepCount())
            count.require_room(field="parent", step=task)
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
            if parent.pk in self.new_tasks:
                raise ValidationError({"parent": "Steps go one level deep."})
            reason = "Its task is a step now"
        elif parent.trashed_at is not None and task.trashed_at is None:
            reason = "Its task is in the trash"
        else:
            return True
        self._notice(row.row, "parent", f"{reason}: it comes as a task of its own.")
        return False

    def _label(self, new: list[tuple[TaskRow, Task]]) -> None:
        wanted = {
            label_key(name): {"name": name} for row, _ in new for name in row.labels
        }
        labels = self._labels_named(wanted)
        if self.is_over:
            return
        for row, task in new:
            carried = [labels[key] for key in sorted(set(map(label_key, row.labels)))]
            vars(task)["label_names"] = [label.name for label in carried]
            vars(task)["label_ids"] = [label.pk for label in carried]


def _check_labels(row: TaskRow) -> None:
    keys = {label_key(name) for name in row.labels}
    if len(keys) > LABELS_MAX:
        raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
    if any(len(key) > LABEL_KEY_MAX_LENGTH for key in keys):
        raise ValidationError({"labels": "Use shorter names for labels."})
