"""The details of a task: beside a list, or as a page of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property

from accounts.emails import has_verified_email
from accounts.models import User, known_timezones
from accounts.times import time_words
from config.mails import mails
from todos.actions.removal import TRASH_DAYS
from todos.models import Task, TaskList
from todos.pages.forms import StepForm
from todos.pages.mixins import UserPageMixin
from todos.pages.navigation import Navigation
from todos.pages.properties import (
    DueForm,
    LabelsForm,
    NotesForm,
    ParentForm,
    PlaceForm,
    PriorityForm,
    ReminderForm,
    StartForm,
    TitleForm,
)
from todos.pages.property_form import PropertyForm
from todos.pages.repeat_form import RepeatForm, dates_to_come
from todos.pages.rows import TaskRow, day_words
from todos.reminders.planning import why_no_mail

STEPS_SHOWN = 100
STEPS_SHOWN_MAX = 500
PROPERTIES: dict[str, type[PropertyForm]] = {
    form.name: form
    for form in (
        TitleForm,
        NotesForm,
        DueForm,
        StartForm,
        ReminderForm,
        RepeatForm,
        PriorityForm,
        PlaceForm,
        ParentForm,
        LabelsForm,
    )
}


def url_with(path: str, **parameters: str | None) -> str:
    """Return the path with these parameters of its query; None removes one."""
    parts = urlsplit(path)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in parameters]
    query += [(name, value) for name, value in parameters.items() if value is not None]
    return urlunsplit(("", "", parts.path, urlencode(query), ""))


@dataclass(frozen=True, slots=True)
class LabelChip:
    """A label of the task; the id is None until the label is loaded."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step, with where to go after a change of it.

    `following` is the id of the element that the user continues at.
    """

    row: TaskRow
    here: str
    link: str
    following: str = "details-step"
    title_form: PropertyForm | None = None  # while it is renamed

    @property
    def task(self) -> Task:
        return self.row.task

    @property
    def onward(self) -> str:
        """The way on to the next step, as the quoted value of `next`."""
        return quote(f"{self.here}#{self.following}", safe="/")

    @property
    def back(self) -> str:
        """The way back to this step, as the quoted value of `next`."""
        return quote(f"{self.here}#step-{self.task.pk}", safe="/")


@dataclass
class Details:
    """A task with its steps and a form for each property.

    `here` is the path of the page with the details open, and `closed` without them.
    `edit` names what is open for editing: `notes`, `due_tz`, or the id of a step.
    """

    task: Task
    row: TaskRow
    home: TaskList | None  # its list; None if that is in the trash
    navigation: Navigation
    user: User
    here: str
    closed: str
    is_alone: bool = False
    edit: str = ""
    rows: list[TaskRow] = field(default_factory=list)  # of its steps
    has_more_steps: bool = False
    forms: dict[str, PropertyForm] = field(default_factory=dict)
    rename_form: PropertyForm | None = None  # of the step that `edit` names
    step_form: StepForm = field(default_factory=StepForm)

    @property
    def steps(self) -> list[StepRow]:
        """The open steps."""
        found = [row for row in self.rows if not row.task.is_completed]
        after = [f"step-{row.task.pk}" for row in found[1:]] + ["details-step"]
        return [self._step(row, to) for row, to in zip(found, after, strict=False)]

    @property
    def done(self) -> list[StepRow]:
        """The completed steps, the latest first."""
        found = [row for row in self.rows if row.task.is_completed]
        return [self._step(row, f"step-{row.task.pk}") for row in found]

    def _step(self, row: TaskRow, following: str) -> StepRow:
        form = self.rename_form if str(row.task.pk) == self.edit else None
        link = self.link_to(row.task.pk)
        return StepRow(row, self.here, link, following, form)

    @property
    def close(self) -> str:
        """The path without the details, at the row of the task."""
        return f"{self.closed}#task-{self.task.pk}"

    @property
    def days_left(self) -> int:
        """For how many days the trash still keeps the task."""
        trashed = self.task.trashed_at
        assert trashed is not None
        return max(TRASH_DAYS - (self.row.clock.now - trashed).days, 0)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What a task in the trash says, by the names of its properties."""
        shown = ("due", "reminder", "repeat", "start", "priority", "list", "labels")
        forms = [self.forms[name] for name in shown if name in self.forms]
        facts = [(form.heading, form.now_words()) for form in forms]
        return [(name, words) for name, words in facts if words]

    @property
    def added_words(self) -> str:
        return self._moment(self.task.created_at)

    @property
    def changed_words(self) -> str:
        return self._moment(self.task.updated_at)

    @property
    def completed_words(self) -> str:
        return self._moment(self.task.completed_at)

    def _moment(self, at: datetime | None) -> str:
        """Return an instant in words, in the user's time zone."""
        if at is None:
            return ""
        shown = at.astimezone(self.user.zone)
        day = day_words(shown.date(), today=self.row.clock.today)
        return f"{day}, {time_words(shown.time().replace(second=0), self.user.clock)}"

    @property
    def onward(self) -> str:
        """The path with the details open, as the quoted value of `next`."""
        return quote(self.here, safe="/")

    @property
    def leaving(self) -> str:
        """The path without the details, as the quoted value of `next`."""
        return quote(self.closed, safe="/")

    @property
    def parent_link(self) -> str:
        return self.link_to(self.task.parent_id) if self.task.parent_id else ""

    @property
    def parent_title(self) -> str:
        title: str = vars(self.task).get("parent_title") or ""
        return title

    def link_to(self, task_id: UUID) -> str:
        """Return the path of the details of another task, here or as a page."""
        if not self.is_alone:
            return url_with(self.here, task=str(task_id), steps=None)
        page = reverse("todos:task-detail", args=[task_id])
        return url_with(page, next=self.here)

    @property
    def editing(self) -> str:
        """The beginning of a link that opens something for editing."""
        return url_with(self.here, edit="")

    @property
    def all_steps(self) -> str:
        return url_with(self.here, steps="all")

    @property
    def labels(self) -> list[LabelChip]:
        colours = {name: colour for name, colour, _ in self._known_labels}
        names = self.task.label_names
        return [LabelChip(name, colours.get(name, "grey")) for name in names]

    @property
    def other_labels(self) -> list[str]:
        """The labels that the task could get."""
        have = set(self.task.label_names)
        return [name for name, *_ in self._known_labels if name not in have]

    @cached_property
    def _known_labels(self) -> list[list[str]]:
        return vars(self.task).get("known_labels") or []

    @property
    def zones(self) -> list[str]:
        """All time zones, for the field that takes any of them."""
        return sorted(known_timezones()) if self.edit == "due_tz" else []

    @property
    def dates(self) -> list[str]:
        """The due dates of this occurrence and the next ones, in words."""
        today: date = self.row.clock.today
        found = dates_to_come(self.task, today=today)
        return [day_words(day, today=today) for day in found]

    @property
    def reminder_note(self) -> str:
        """How a reminder is sent, or why it is not."""
        if mails()["mails_are_printed"]:
            return "This server sends no e-mail."
        is_verified: bool = vars(self.task)["is_verified"]
        return why_no_mail(self.user, is_verified=is_verified) or "Sent by e-mail."

    @property
    def steps_text(self) -> str:
        task = self.task
        return (
            f"{task.steps_done} of {task.steps_total} done" if task.steps_total else ""
        )


def details_of(
    view: UserPageMixin, task_id: UUID | str | None, *, here: str = ""
) -> Details | None:
    """Return the details of one of the user's tasks, or None if there is no such task.

    The task and its steps are loaded with one query. `here` is the path of the page, by
    default that of the request.
    """
    key = _uuid(task_id)
    if key is None:
        return None
    query = view.request.GET
    most = STEPS_SHOWN_MAX if query.get("steps") == "all" else STEPS_SHOWN
    is_verified = has_verified_email("owner", "owner__email")
    tasks = Task.objects.owned_by(view.user).with_steps_of(key)
    found = list(tasks.annotate(is_verified=is_verified)[: most + 2])
    if not found or found[0].pk != key:
        return None
    task, *steps = found
    task.notes = vars(task)["own_notes"]
    here = url_with(here or view.here, edit=None, draft=None)
    own, *rows = view.rows([task, *steps[:most]], with_list=False)
    details = Details(
        task=task,
        row=own,
        rows=rows,
        home=view.navigation.list_of(task.list_id),
        navigation=view.navigation,
        user=view.user,
        here=here,
        closed=url_with(here, task=None, steps=None),
        edit=query.get("edit", ""),
        has_more_steps=len(steps) > most,
    )
    details.forms = {
        name: form_of(view, name, task) for name in PROPERTIES if _has(task, name)
    }
    for row in rows:
        if str(row.task.pk) == details.edit:
            details.rename_form = form_of(view, "title", row.task)
            details.rename_form.auto_id = "details-step-%s"
    due = details.forms["due"]
    if details.edit == "due_tz" and isinstance(due, DueForm):
        due.offer_all_zones()
    return details


def form_of(
    view: UserPageMixin, name: str, task: Task, data: QueryDict | None = None
) -> PropertyForm:
    """Return the form of a property of this task, with the input if there is any."""
    lists = view.navigation.active
    current = view.navigation.list_of(task.list_id)
    if current is not None and current.archived_at is not None:
        lists = [*lists, current]
    return PROPERTIES[name](
        data, task=task, user=view.user, clock=view.clock, lists=lists
    )


def _uuid(text: UUID | str | None) -> UUID | None:
    if text is None or isinstance(text, UUID):
        return text
    try:
        return UUID(text) if len(text) <= 36 else None
    except ValueError:
        return None


def _has(task: Task, name: str) -> bool:
    """Whether a task has this property: a step has no list of its own."""
    is_step = task.parent_id is not None
    return name != ("list" if is_step else "parent")
