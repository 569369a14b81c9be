"""One action on the selected tasks, from the bar below a list or the menu of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.utils.text import Truncator

from config.drafts import KeepsDraft
from config.text import TextFormField
from todos import actions
from todos.limits import LABEL_MAX_LENGTH
from todos.models import Task, TaskList, TaskQuerySet
from todos.pages.choices import choices_of
from todos.pages.forms import DATE_VALIDATORS, NO_SUCH_LIST, ActionForm, Values
from todos.pages.generic import EditFormView
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.rows import day_in_sentence
from todos.pages.selection import selecting

ERRORS_SHOWN = 5
NONE_SELECTED = "Select at least one task first."


@dataclass(frozen=True, slots=True)
class Verb:
    """What a button does: an action of `change_tasks`.

    `one` and `many` are the texts of the message. `field` has the value that the action
    takes as the argument `argument`.
    """

    action: str
    one: str
    many: str
    field: str = ""
    argument: str = ""


VERBS = {
    "complete": Verb("complete", "Completed", "Completed {tasks}"),
    "reopen": Verb("reopen", "Reopened", "Reopened {tasks}"),
    "trash": Verb("trash", "Moved to the trash", "Moved {tasks} to the trash"),
    "due": Verb("due", "Moved to {value}", "Moved {tasks} to {value}", "due_date"),
    "undated": Verb("due", "Date removed", "Removed the date of {tasks}"),
    "move": Verb(
        *("move", "Moved to {value}", "Moved {tasks} to {value}"),
        *("list", "list_id"),
    ),
    "priority": Verb(
        *("priority", "Priority {value}", "Set the priority of {tasks} to {value}"),
        *("priority", "priority"),
    ),
    "label": Verb(
        *("label", "Label {value} added", "Added the label {value} to {tasks}"),
        *("label", "label"),
    ),
    "unlabel": Verb(
        *("unlabel", "Label {value} removed", "Removed the label {value} from {tasks}"),
        *("label", "label"),
    ),
}
TYPED = ("label", "due")  # what pressing Enter does, if its field has text


class TaskIdsField(forms.Field):
    """The ids of the selected tasks, each of them once."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> list[UUID]:
        given = value or []
        if len(given) > actions.TASKS_MAX:
            raise ValidationError(f"Select at most {actions.TASKS_MAX} tasks at once.")
        return list(dict.fromkeys(map(_read_id, given)))


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise ValidationError("There is no such task.") from exc


def _read_action(data: Mapping[str, str]) -> tuple[Verb | None, str]:
    """Return the verb that was sent, and the value for its field if it has one."""
    name, _, value = data.get("action", "").partition(" ")
    if not name:
        name = next((one for one in TYPED if data.get(VERBS[one].field)), "")
    verb = VERBS.get(name)
    return verb, value if verb and verb.field else ""


class BulkForm(ActionForm):
    """An action on tasks. It has only the fields that the action needs.

    The pressed button sends `action`: the name of a verb and, after a blank, the value
    of its field, unless that is typed.
    """

    task = TaskIdsField(error_messages={"required": NONE_SELECTED})
    due_date = forms.DateField(
        validators=DATE_VALIDATORS, error_messages={"required": "Choose a date."}
    )
    list = forms.TypedChoiceField(
        coerce=UUID,
        error_messages={
            "required": "Choose a list.",
            "invalid_choice": NO_SUCH_LIST,
        },
    )
    priority = forms.TypedChoiceField(
        choices=Task.Priority.choices,
        coerce=int,
        error_messages={
            "required": "Choose a priority.",
            "invalid_choice": "Choose one of the priorities.",
        },
    )
    label = TextFormField(
        max_length=LABEL_MAX_LENGTH, error_messages={"required": "Enter a label."}
    )

    def __init__(
        self, data: QueryDict | None = None, *, lists: Iterable[TaskList], **kwargs: Any
    ) -> None:
        self.verb, value = _read_action(data or {})
        needed = self.verb.field if self.verb else ""
        if data is not None and value:
            data = data.copy()
            data[needed] = value
        super().__init__(data, **kwargs)
        lists_field = self.fields["list"]
        assert isinstance(lists_field, forms.ChoiceField)
        lists_field.choices = [(str(row.pk), row.name) for row in lists]
        for other in self.fields.keys() - {"task", needed}:
            del self.fields[other]

    def clean(self) -> Values:
        if self.verb is None:
            raise ValidationError("Choose what to do with the tasks.")
        return self.cleaned_data

    @property
    def value(self) -> Any:
        """The value that the verb needs, or None."""
        return self.cleaned_data.get(self.verb.field) if self.verb else None

    def as_changes(self) -> Values:
        """Return the input as arguments for `change_tasks`."""
        assert self.verb is not None
        arguments = {"task_ids": self.cleaned_data["task"], "action": self.verb.action}
        if self.verb.action == "due":
            return arguments | {"due": {"due_date": self.value}}
        argument = self.verb.argument
        return arguments | ({argument: self.value} if argument else {})


class BulkView(KeepsDraft, UserPageMixin, EditFormView):
    """Run an action on tasks. If it fails, the tasks are shown and stay selected."""

    template_name = "todos/bulk.html"
    form_class = BulkForm

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        if not request.POST.getlist("task"):
            messages.error(request, NONE_SELECTED)
            return redirect(selecting(self.next_url()))
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> Context:
        return super().get_form_kwargs() | {"lists": self.navigation.active}

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        form: BulkForm = context["form"]
        ids = form.cleaned_data.get("task", []) if form.is_bound else []
        chosen = self.tasks.live().filter(pk__in=ids)
        rows = chosen.represented().with_parent_titles().order_by("position", "id")
        return (
            context
            | choices_of(self)
            | {
                "rows": self.rows(rows),
                "next": self.next_url(),
            }
        )

    def form_valid(self, form: BulkForm) -> HttpResponse:
        arguments = form.as_changes()
        try:
            done = actions.change_tasks(self.caller, **arguments)
        except (ValidationError, actions.Refusal) as error:
            ids = arguments["task_ids"]
            form.add_error(None, errors_by_task(error, self.tasks, ids))
            return self.form_invalid(form)
        self._report(form, done)
        return self.redirect_to_next()

    def _report(self, form: BulkForm, done: actions.BulkChange) -> None:
        assert form.verb is not None
        value, count = self._words(form), len(form.cleaned_data["task"])
        if count == 1 and done.tasks:
            text, title = form.verb.one.format(value=value), done.tasks[0].title
        else:
            tasks = f"{count} task{pluralize(count)}"
            text, title = form.verb.many.format(value=value, tasks=tasks), ""
        self.add_message(text, title, undo=done.batch)

    def _words(self, form: BulkForm) -> str:
        """Return the value of the action as the message shows it."""
        match form.verb.field if form.verb else "":
            case "due_date":
                return day_in_sentence(form.value, today=self.today)
            case "list":
                home = self.navigation.list_of(form.value)
                return home.name if home else "the list"
            case "priority":
                return str(Task.Priority(form.value).label)
            case _:
                return str(form.value)


def errors_by_task(
    error: ValidationError | actions.Refusal, tasks: TaskQuerySet, ids: Sequence[UUID]
) -> list[str]:
    """Return why `change_tasks` refused, with the titles of the tasks, shortened."""
    titles = dict(tasks.filter(pk__in=ids).values_list("pk", "title"))
    if isinstance(error, actions.InTrash):
        trashed = tasks.trashed().filter(pk__in=ids).values_list("pk", flat=True)
        texts = [f"{_quoted(titles[key])}: {error.text}" for key in trashed]
    elif isinstance(error, actions.Refusal):
        texts = [str(error)]
    else:
        texts = _with_titles(error, titles, ids)
    more = len(texts) - ERRORS_SHOWN
    return texts[:ERRORS_SHOWN] + ([f"And {more} more."] if more > 0 else [])


def _with_titles(
    error: ValidationError, titles: dict[UUID, str], ids: Sequence[UUID]
) -> list[str]:
    texts = []
    missing = len(ids) - len(titles)
    if missing:
        are = "task no longer exists" if missing == 1 else "tasks no longer exist"
        texts.append(f"{missing} selected {are}.")
    for field, reasons in error.message_dict.items():
        name, _, index = field.partition(".")
        if name != "ids":
            texts += reasons
        elif title := titles.get(ids[int(index)]):
            texts += [f"{_quoted(title)}: {reason}" for reason in reasons]
    return texts


def _quoted(title: str) -> str:
    return f"“{Truncator(title).chars(60)}”"
