"""What the plan's routes take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from config.text import TextField
from todos.api.plan.fields import (
    PRIORITIES,
    RULE_WORDS,
    RULES,
    STATUSES,
    DueField,
    FlagField,
    PriorityField,
    RecurrenceField,
    StatusField,
    TagsField,
    WordField,
)
from todos.limits import LABELS_MAX, SEARCH_MAX_LENGTH
from todos.models import Task

TITLE_MAX_LENGTH = 200
DESCRIPTION_MAX_LENGTH = 1000

PRIORITY_WORDS = {priority.value: priority.name.lower() for priority in Task.Priority}


def represent_plan_task(row: Mapping[str, Any], *, user_id: str) -> dict[str, Any]:
    """Return a task as the plan shows it, from its columns by name.

    Takes a row of `.values(*PLAN_COLUMNS)`, or `vars()` of an instance. `user_id` is
    echoed as the caller named it. Some keys are there twice: some clients of the plan
    read snake case, others camel case.
    """
    due_date, due_time = row["due_date"], row["due_time"]
    due = due_date and due_date.isoformat()
    if due_time is not None:
        due = f"{due}T{due_time:%H:%M}:00"
    rrule = row["rrule"]
    is_completed = row["completed_at"] is not None
    return {
        "id": row["id"],
        "user_id": user_id,
        "title": row["title"],
        "description": row["notes"],
        "completed": is_completed,
        "status": "completed" if is_completed else "pending",
        "priority": PRIORITY_WORDS[row["priority"]],
        "tags": row["label_names"],
        "due_date": due,
        "recurrence": RULE_WORDS.get(rrule, rrule) or None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "completed_at": row["completed_at"],
        "userId": user_id,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "dueDate": due,
    }


def _without_repeated(body: Any, shown: Mapping[str, Any]) -> Any:
    """Return the body without what only repeats the task as it was shown.

    Clients send a whole task back with one key changed. A repeated key must not undo
    the change of its twin (`completed` and `status`, `due_date` and `dueDate`), nor
    fail for a text that another face allows to be longer.
    """
    if not isinstance(body, dict):
        return body
    return {
        key: value for key, value in body.items() if not _repeats(shown, key, value)
    }


def _repeats(shown: Mapping[str, Any], key: str, value: Any) -> bool:
    # By type as well, since 1 == True.
    return key in shown and type(value) is type(shown[key]) and value == shown[key]


class PlanTaskSerializer(serializers.Serializer[Any]):
    """A task in the plan's contract. Keys that it doesn't know are ignored."""

    never_null_in_response = ("description", "priority", "tags")

    id = serializers.UUIDField(read_only=True)
    user_id = serializers.CharField(
        read_only=True, help_text="As the route named the caller."
    )
    title = TextField(max_length=TITLE_MAX_LENGTH)
    description = TextField(
        multiline=True,
        max_length=DESCRIPTION_MAX_LENGTH,
        allow_blank=True,
        allow_null=True,
        required=False,
    )
    completed = FlagField(required=False, help_text="The same as `status`.")
    status = StatusField(required=False)
    priority = PriorityField(required=False, allow_null=True)
    tags = TagsField(max_length=LABELS_MAX, required=False, allow_null=True)
    due_date = DueField(
        required=False,
        allow_null=True,
        help_text="A date, or a date with a time: `2027-02-28T09:30:00`.",
    )
    recurrence = RecurrenceField(
        required=False,
        allow_null=True,
        help_text="daily, weekly, monthly, yearly, or a rule of RFC 5545.",
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    completed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    userId = serializers.CharField(read_only=True, help_text="As `user_id`.")
    createdAt = serializers.DateTimeField(read_only=True, help_text="As `created_at`.")
    updatedAt = serializers.DateTimeField(read_only=True, help_text="As `updated_at`.")
    dueDate = DueField(required=False, allow_null=True, help_text="As `due_date`.")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        shown = self.context.get("shown", {})
        values: dict[str, Any] = super().to_internal_value(
            _without_repeated(data, shown)
        )
        return values

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return the body as the actions take it: by columns, and `completed`.

        That is `None` where the body says nothing of it. `stored` of the context has
        the columns of the task as it was, `shown` the task as the client knows it;
        both are absent for a new task.
        """
        changes: dict[str, Any] = {
            "completed": sent.get("completed", sent.get("status"))
        }
        if "title" in sent:
            changes["title"] = sent["title"]
        if "description" in sent:
            changes["notes"] = sent["description"] or ""
        if "priority" in sent:
            changes["priority"] = sent["priority"] or Task.Priority.MEDIUM
        if "tags" in sent:
            changes["labels"] = sent["tags"] or []
        if "due_date" in sent or "dueDate" in sent:
            changes |= _due_changes(sent)
        return changes | _rule_changes(sent, changes, self.context.get("stored"))


def _due_changes(sent: Mapping[str, Any]) -> dict[str, Any]:
    due_date, due_time = sent.get("due_date") or sent.get("dueDate") or (None, None)
    return {"due_date": due_date, "due_time": due_time, "due_tz": ""}


def _rule_changes(
    sent: Mapping[str, Any],
    changes: Mapping[str, Any],
    stored: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the rule, where it is another than the client knows.

    From another due date, a plain rule starts anew: `monthly` that went by the month's
    last day goes by the 15th once the task is moved there.
    """
    rrule, due_date = (stored["rrule"], stored["due_date"]) if stored else ("", None)
    known = RULES.get(RULE_WORDS.get(rrule, ""), rrule)
    wanted = sent.get("recurrence", known) or ""
    if wanted == known and changes.get("due_date", due_date) == due_date:
        return {}
    return {"rrule": wanted}


class CompletionSerializer(serializers.Serializer[Any]):
    """How `PATCH …/complete` is asked: nothing toggles."""

    completed = FlagField(required=False)


# Other names that known clients have for a parameter.
ALIASES = {
    "status_filter": "status",
    "q": "search",
    "tags": "tag",
    "sort_by": "sort",
    "sort_order": "order",
    "page_size": "limit",
}
SORTS = {
    "created": "created_at",
    "created_at": "created_at",
    "createdAt": "created_at",
    "updated": "updated_at",
    "updated_at": "updated_at",
    "updatedAt": "updated_at",
    "due": "due_date",
    "due_date": "due_date",
    "dueDate": "due_date",
    "title": "title",
    "priority": "priority",
}
NEWEST_FIRST = {"created_at", "updated_at"}
MAX_LIMIT = 500
MAX_PAGE = 1_000_000


class PlanQuerySerializer(serializers.Serializer[Any]):
    """How `GET /api/{user_id}/tasks` is asked.

    The plan has no pages: its clients take what comes first for everything. So a page
    holds 500 tasks unless `limit` says less, and never more.
    """

    status = WordField(
        STATUSES | {"all": None},
        default=None,
        help_text="Open, completed or all, in any case. Also as `status_filter`.",
    )
    completed = WordField(
        {"true": True, "1": True, "false": False, "0": False},
        default=None,
        help_text="The same as true or false, in any case.",
    )
    priority = WordField(
        PRIORITIES | {"all": None},
        default=None,
        help_text="Of this priority, in any case.",
    )
    search = TextField(
        max_length=SEARCH_MAX_LENGTH,
        allow_blank=True,
        default="",
        help_text="Words of title or description, in any case. Also as `q`.",
    )
    tag = TagsField(
        max_length=LABELS_MAX,
        default=list,
        help_text="Repeated or with commas: tasks that carry all. Also as `tags`.",
    )
    sort = WordField(
        {name.lower(): column for name, column in SORTS.items()},
        shown=SORTS,
        default="created_at",
        help_text="By what to order, in any case. Also as `sort_by`.",
    )
    order = WordField(
        {"asc": "asc", "desc": "desc"},
        default=None,
        help_text="Without it, dates of change come newest first."
        " Also as `sort_order`.",
    )
    page = serializers.IntegerField(
        min_value=1, max_value=MAX_PAGE, default=1, help_text="From 1."
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        default=MAX_LIMIT,
        help_text="Also as `page_size`.",
    )

    @classmethod
    def read(cls, query: QueryDict) -> dict[str, Any]:
        """Return the query as it is meant: aliases resolved, the empty left out.

        Raises:
            ValidationError: by the parameter's own name.
        """
        given: dict[str, Any] = {}
        for name, values in query.lists():
            name = ALIASES.get(name, name)
            if name == "tag":
                tags = ",".join(values).split(",")
                given[name] = [*given.get(name, []), *tags]
            elif values[-1] != "":
                given.setdefault(name, values[-1])
        checked = cls(data=given)
        checked.is_valid(raise_exception=True)
        meant: dict[str, Any] = checked.validated_data
        return meant
