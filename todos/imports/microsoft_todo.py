"""Importing Microsoft To Do from JSON, as tools fetch it from Microsoft Graph.

Microsoft offers no file, so every tool has its own: lists with their tasks, answers of
Graph for one list, several of either. What they contain is the same: todoTaskList and
todoTask. docs/exchange.md lists what becomes of each field.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, tzinfo
from typing import IO

from django.core.exceptions import ValidationError

from todos.actions.imports.rows import FileItem, RowIssue
from todos.imports.drafts import Draft, Sources
from todos.imports.files import FileRefused, Options, refuse_mapping
from todos.imports.html_text import HTML_CUT, plain_text
from todos.imports.json_lists import FieldNames, Item, Layout, ListReader, Members
from todos.imports.microsoft_dates import Moment, NotAMoment, moment_of
from todos.imports.microsoft_rules import rule_of
from todos.imports.midnights import MIDNIGHT, UNCERTAIN, date_of_midnight
from todos.imports.parents import ParentSorter
from todos.schedule.instants import instant_of
from todos.schedule.recurrence import RuleRefused

PRIORITIES = {"high": 2, "normal": 3, "low": 4}
OPEN = {"inProgress": "In progress", "waitingOnOthers": "Waiting on others"}
OPEN |= {"deferred": "Deferred"}
# Any of these shows that an object with a title is a task of Microsoft To Do.
MARKS = {"importance", "createdDateTime", "lastModifiedDateTime", "body", "dueDateTime"}
MARKS |= {"isReminderOn", "checklistItems", "@odata.etag"}
USED = ["attachments", "body", "categories", "checklistItems", "completedDateTime"]
USED += ["createdDateTime", "dueDateTime", "hasAttachments", "id", "importance"]
USED += ["isReminderOn", "lastModifiedDateTime", "linkedResources", "recurrence"]
USED += ["reminderDateTime", "startDateTime", "status", "title"]
UNUSED = ["bodyLastModifiedDateTime"]
REFUSED = "The file is not JSON with tasks of Microsoft To Do, as Graph writes them."


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the tasks of each list, each followed by its steps.

    Raises:
        FileRefused: the file contains something else, or is truncated.
    """
    refuse_mapping(options)
    yield from _Export(options).rows(file)


class _Export:
    """The state while a file is read."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names = FieldNames(frozenset(USED + UNUSED))
        self._sources = Sources("microsoft-todo")
        self._sorter = ParentSorter("checklistItems")
        self._has_more = False

    def rows(self, file: IO[bytes]) -> Iterator[FileItem]:
        reader = ListReader(file, self._options, LAYOUT)
        for one in reader.lists():
            self._look_for_pages(one.fields)
            yield from one.issues
            for row, item in one.tasks:
                yield from self._task(row, item, one.name)
        yield from self._sources.notices()
        yield from reader.notices()
        yield from self._notices()

    def _look_for_pages(self, fields: Item) -> None:
        if any(name.endswith("@odata.nextLink") for name in fields):
            self._has_more = True

    def _notices(self) -> Iterator[RowIssue]:
        if self._has_more:
            message = (
                "The file refers to a further page of tasks. If it is not in the file,"
                " these tasks are missing."
            )
            yield RowIssue(None, "@odata.nextLink", message, is_error=False)
        yield from self._names.notices()

    def _task(self, row: int, item: Item, list_name: str) -> Iterator[FileItem]:
        """Yield a task and its steps, unless the file had the task already."""
        self._names.look_at(item)
        self._look_for_pages(item)
        draft = Draft(row)
        members = Members(item, draft.checker)
        draft.source = self._sources.of(members.identifier("id"), row)
        if self._sources.is_duplicate(draft.source, row):
            return
        _Task(draft, members, self._options).fill()
        steps = list(self._steps(draft, members))
        yield from draft.rows(list_name, self._sorter)
        for step in steps:
            yield from step.rows(list_name, self._sorter)

    def _steps(self, draft: Draft, members: Members) -> Iterator[Draft]:
        for number, item in enumerate(members.objects("checklistItems"), 1):
            step = Draft(draft.checker.row, parent=draft.source)
            step.source = f"{draft.source}/{item.identifier('id') or number}"
            if self._sources.is_duplicate(step.source, step.checker.row):
                continue
            step.set_title("checklistItems.displayName", item.text("displayName"))
            name = "checklistItems.createdDateTime"
            step.set_instant("created_at", name, item.text("createdDateTime"))
            if item.flag("isChecked"):
                name = "checklistItems.checkedDateTime"
                step.set_instant("completed_at", name, item.text("checkedDateTime"))
                done = draft.fields.get("completed_at") or self._options.clock.now
                step.fields.setdefault("completed_at", done)
            yield step


def _is_task(item: Item, around: Item) -> bool:
    """Whether an object is a task, not a list without tasks.

    Raises:
        FileRefused: it is neither.
    """
    is_marked = not MARKS.isdisjoint(item) or "displayName" in around
    if "title" in item and is_marked and "kind" not in item:
        return True
    if "displayName" in item and "title" not in item:
        return False
    raise FileRefused(REFUSED)


LAYOUT = Layout(
    holders=frozenset({"value", "lists", "tasks"}),
    title="displayName",
    is_task=_is_task,
    refusal=REFUSED,
)


class _Task:
    """Sets what the fields of one task say."""

    def __init__(self, draft: Draft, members: Members, options: Options) -> None:
        self._draft, self._members = draft, members
        self._zone: tzinfo = options.clock.zone
        self._now = options.clock.now

    def fill(self) -> None:
        draft, members = self._draft, self._members
        draft.set_title("title", members.text("title"))
        self._set_body()
        self._set_importance()
        due = self._date("dueDateTime")
        draft.fields["due_date"] = due
        draft.fields["start_date"] = self._date("startDateTime")
        self._set_recurrence(due)
        self._set_reminder(due)
        self._set_state()
        for column, name in (
            ("created_at", "createdDateTime"),
            ("updated_at", "lastModifiedDateTime"),
        ):
            draft.set_instant(column, name, members.text(name))
        draft.add_labels("categories", members.texts("categories"))
        self._keep_links()
        self._name_attachments()

    def _set_body(self) -> None:
        body = self._members.object("body")
        if body is None:
            return
        content = body.text("content")
        if body.text("contentType").lower() != "html":
            self._draft.add_notes(content)
            return
        text, is_complete = plain_text(content)
        self._draft.add_notes(text)
        if not is_complete:
            self._draft.checker.notice("body", HTML_CUT)
        if "<img" in content.lower():
            self._draft.checker.notice("body", "Pictures are not imported.")

    def _set_importance(self) -> None:
        importance = self._members.text("importance")
        if importance in PRIORITIES:
            self._draft.fields["priority"] = PRIORITIES[importance]
        elif importance:
            self._draft.keep("importance", importance, "Must be low, normal or high.")

    def _moment(self, name: str) -> Moment | None:
        value = self._members.object(name)
        try:
            return moment_of(value) if value else None
        except NotAMoment as exc:
            self._draft.keep(name, str(exc), "Not a valid date and time.")
            return None

    def _date(self, name: str) -> date | None:
        moment = self._moment(name)
        if moment is None:
            return None
        try:
            day = date_of_midnight(moment.at, zone=self._zone)
        except ValidationError as exc:
            self._draft.keep(name, moment.text, exc.messages[0])
            return None
        if day is None:
            self._draft.keep(name, moment.text, UNCERTAIN)
        return day

    def _set_recurrence(self, due: date | None) -> None:
        recurrence = self._members.object("recurrence")
        if recurrence is None:
            return
        try:
            if due is None:
                raise RuleRefused("A repeating task needs a due date.")
            self._draft.fields["rrule"] = rule_of(recurrence, due=due)
        except RuleRefused as exc:
            parts = (recurrence.object("pattern"), recurrence.object("range"))
            text = ", ".join(part.described() for part in parts if part)
            self._draft.keep("recurrence", text, f"It can't repeat like this: {exc}")

    def _set_reminder(self, due: date | None) -> None:
        moment = self._moment("reminderDateTime")
        is_on = self._members.flag("isReminderOn")
        if moment is None:
            return
        if is_on is False:
            message = "The reminder is off: it is not imported."
            self._draft.checker.notice("reminderDateTime", message)
            return
        local = moment.in_zone(self._zone)
        if local and local.date() == due:
            self._draft.fields["reminder_time"] = local.time()
        else:
            message = "A reminder is sent on the due date only."
            self._draft.keep("reminderDateTime", moment.text, message)

    def _set_state(self) -> None:
        status, moment = self._members.text("status"), self._moment("completedDateTime")
        if status == "completed":
            self._set_completed(moment)
            return
        if status in OPEN:
            message = "A task is open or completed."
            self._draft.keep("status", OPEN[status], message)
        elif status not in {"", "notStarted"}:
            self._draft.keep("status", status, "This status is unknown.")
        if moment:
            self._draft.keep("completedDateTime", moment.text, "The task is open.")

    def _set_completed(self, moment: Moment | None) -> None:
        draft, written = self._draft, ""
        if moment and moment.is_utc_midnight:
            # Only the date of completion is known, which is a date of the user.
            written = instant_of(moment.at.date(), MIDNIGHT, self._zone).isoformat()
        elif moment:
            at = moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=self._zone)
            written = at.isoformat()
        written = written or self._members.text("lastModifiedDateTime")
        draft.set_instant("completed_at", "completedDateTime", written)
        draft.fields.setdefault("completed_at", self._now)

    def _keep_links(self) -> None:
        """Keep the mails, pages and other things that the task belongs to."""
        links = []
        for link in self._members.objects("linkedResources"):
            names = [link.text("displayName"), link.text("applicationName")]
            names = [name for name in names if name]
            parts = [" - ".join(names), link.text("webUrl")]
            links.append(": ".join(filter(None, parts)))
        if any(links):
            message = "Tasks have no field for links."
            self._draft.keep("linkedResources", "\n".join(links), message)

    def _name_attachments(self) -> None:
        attachments = self._members.objects("attachments")
        if names := [one.text("name") for one in attachments if one.text("name")]:
            message = "Attachments are not imported, only their names."
            self._draft.keep("attachments", ", ".join(names), message)
        elif attachments or self._members.flag("hasAttachments"):
            message = "Attachments are not imported."
            self._draft.checker.notice("hasAttachments", message)
