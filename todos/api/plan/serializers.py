"""The requests and responses of the plan's routes."""

from __future__ import annotations

from rest_framework import serializers

from config.api.fields import PlainSerializer
from config.json import JSONObject
from config.text import TextField
from todos.api.plan.due import Due, DueField, join_due_time
from todos.api.plan.fields import (
    FlagField,
    PriorityField,
    StatusField,
    TagsField,
    fold_word,
)
from todos.api.plan.repeats import (
    RULE_WORDS,
    RULES,
    RecurrenceField,
    join_recurrence,
)
from todos.limits import LABELS_MAX
from todos.models import Task

TITLE_MAX_LENGTH = 200
DESCRIPTION_MAX_LENGTH = 1000

PRIORITY_WORDS = {priority.value: priority.name.lower() for priority in Task.Priority}


def represent_plan_task(row: JSONObject, *, user_id: str) -> JSONObject:
    """Return the plan's representation of a task, from its columns by name.

    Accepts a row of `.values(*PLAN_COLUMNS)`, or `vars()` of an instance. `user_id` is
    returned as the route named the user. Some keys are present twice, because some
    clients read snake case and others camel case.
    """
    due = Due.of(row).text() if row["due_date"] else None
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


def _without_repeated(body: JSONObject, shown: JSONObject) -> JSONObject:
    """Return the body without the keys that have the same value in `shown`.

    Clients send a whole task back with one key changed. An unchanged key must not undo
    the change of its synonym (`completed` and `status`, `due_date` and `dueDate`), nor
    fail because of a text for which another interface has a higher limit.
    """
    return {
        key: value for key, value in body.items() if not _repeats(shown, key, value)
    }


def _repeats(shown: JSONObject, key: str, value: object) -> bool:
    # Compare the types as well, because 1 == True.
    return key in shown and type(value) is type(shown[key]) and value == shown[key]


# Other keys for `completed`, without case and separators.
COMPLETED_KEYS = {"iscompleted", "iscomplete", "isdone", "done"}


def _join_completed(body: JSONObject) -> JSONObject:
    """Return a body in which `completed` says what its other names say.

    Raises:
        ValidationError: for a key that can't be read or contradicts another.
    """
    for key in [key for key in body if fold_word(key) in COMPLETED_KEYS]:
        value = body.pop(key)
        if value is None:
            continue
        if not isinstance(value, bool):
            message = FlagField.default_error_messages["invalid"]
            raise serializers.ValidationError({key: message})
        if body.setdefault("completed", value) is not value:
            message = "This is not what the other keys say."
            raise serializers.ValidationError({key: message})
    return body


class PlanTaskSerializer(PlainSerializer):
    """A task in the plan's contract. Keys that it has no meaning for are ignored."""

    never_null_in_response = ("description", "priority", "tags")

    id = serializers.UUIDField(read_only=True)
    user_id = serializers.CharField(
        read_only=True, help_text="The id of the user, as in the route."
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
        help_text="A date, or a date with a time: `2027-02-28T09:30:00`. A time with an"
        " offset stays that instant.",
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

    def to_internal_value(self, data: object) -> JSONObject:
        if isinstance(data, dict):
            stored, shown = self.context.get("stored"), self.context.get("shown", {})
            data = join_due_time(join_recurrence({**data}, shown), stored)
            data = _join_completed(_without_repeated(data, shown))
        values: JSONObject = super().to_internal_value(data)
        return values

    def validate(self, sent: JSONObject) -> JSONObject:
        """Return the columns to change, and `completed`, which is `None` if not sent.

        For an existing task, `stored` in the context has its columns, and `shown` its
        representation.
        """
        changes: JSONObject = {"completed": sent.get("completed", sent.get("status"))}
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


def _due_changes(sent: JSONObject) -> JSONObject:
    sent_due = {due for name in ("due_date", "dueDate") if (due := sent.get(name))}
    if len(sent_due) > 1:
        message = "This is not what `due_date` says."
        raise serializers.ValidationError({"dueDate": message})
    due = sent_due.pop() if sent_due else Due()
    return due.columns()


def _rule_changes(
    sent: JSONObject,
    changes: JSONObject,
    stored: JSONObject | None,
) -> JSONObject:
    """Return the column `rrule` if the rule or the due date changes.

    A new due date restarts a plain rule: `monthly` on the last day of the month becomes
    monthly on the 15th when the task is moved to the 15th.
    """
    rrule, due_date = (stored["rrule"], stored["due_date"]) if stored else ("", None)
    known = RULES.get(RULE_WORDS.get(rrule, ""), rrule)
    wanted = sent.get("recurrence", known) or ""
    if wanted == known and changes.get("due_date", due_date) == due_date:
        return {}
    return {"rrule": wanted}


class CompletionSerializer(PlainSerializer):
    """The body of `PATCH …/complete`. Without `completed`, the state is toggled."""

    completed = FlagField(required=False)
    status = StatusField(required=False, help_text="Instead of `completed`.")

    def to_internal_value(self, data: object) -> JSONObject:
        data = _join_completed({**data}) if isinstance(data, dict) else data
        values: JSONObject = super().to_internal_value(data)
        return values

    def validate(self, sent: JSONObject) -> JSONObject:
        if len({*sent.values()}) > 1:
            message = "This is not what `completed` says."
            raise serializers.ValidationError({"status": message})
        return {"completed": next(iter(sent.values()), None)}
