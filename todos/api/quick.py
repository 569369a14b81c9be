"""Quick add: create tasks from lines of text. See `docs/quick-add.md`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, fields
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request

from config.api.fields import (
    BoundedListField,
    TrueOrFalseField,
    WholeNumberField,
)
from config.api.responses import Response
from config.api.scopes import APPEND, READ, WRITE
from config.json import JSONObject
from config.text import TextField
from todos import actions, task_fields
from todos.actions.quick_lines import LINES_MAX, Defaults, Draft
from todos.api.serializers.fields import BoundedDateField
from todos.api.serializers.tasks import TaskSerializer, represent_task
from todos.api.tasks import TaskEndpoint
from todos.limits import LINES_MAX_LENGTH, LIST_NAME_MAX_LENGTH
from todos.schedule.quick_add import KINDS, Fields

PARTS_MAX = 1_000
_NAMES = {field.column: field.name for field in task_fields.FIELDS}
# The fields of `POST tasks` that a line can set.
FIELDS = tuple(
    dict.fromkeys(_NAMES.get(field.name, field.name) for field in fields(Fields))
)


class LinesField(TextField):
    """Text that is validated but not normalised: spans count its characters."""

    def run_validation(self, data: object = serializers.empty) -> Any:
        if isinstance(data, str) and len(data) > LINES_MAX_LENGTH:
            self.fail("max_length", max_length=LINES_MAX_LENGTH)
        super().run_validation(data)
        return data


class LiteralSerializer(serializers.Serializer[None]):
    """A span that is part of the title."""

    line = WholeNumberField(
        min_value=0,
        max_value=LINES_MAX,
        help_text="The index of the line in `parse`, from 0.",
    )
    start = WholeNumberField(
        min_value=0, max_value=LINES_MAX_LENGTH, help_text="The `start` of the span."
    )


class DefaultsSerializer(serializers.Serializer[None]):
    """The fields of a task that apply if its line sets none of that kind."""

    list = serializers.UUIDField(
        required=False, allow_null=True, help_text="An active list."
    )
    label = serializers.UUIDField(required=False, allow_null=True)  # type: ignore[assignment]
    due_date = BoundedDateField(required=False, allow_null=True)

    def to_internal_value(self, data: object) -> Defaults:
        """Return the defaults as the actions expect them."""
        given: JSONObject = super().to_internal_value(data)
        return Defaults(
            list_id=given.get("list"),
            label_id=given.get("label"),
            due_date=given.get("due_date"),
        )


class QuickSerializer(serializers.Serializer[None]):
    """Lines of text; each becomes a task."""

    text = LinesField(
        multiline=True,
        max_length=LINES_MAX_LENGTH,
        help_text=f"At most {LINES_MAX} lines, in the syntax of docs/quick-add.md.",
    )
    dry_run = TrueOrFalseField(
        default=False, help_text="Parse the lines, but store nothing."
    )
    literal = BoundedListField(
        child=LiteralSerializer(),
        max_length=PARTS_MAX,
        default=list,
        help_text="Recognised spans to keep in the title instead.",
    )
    new_lists = BoundedListField(
        child=TextField(max_length=LIST_NAME_MAX_LENGTH),
        max_length=LINES_MAX,
        default=list,
        help_text="Names of lists to create if a line names them.",
    )
    defaults = DefaultsSerializer(default=Defaults)

    def validate(self, attrs: JSONObject) -> JSONObject:
        """Group the literal spans by line, as the actions expect them."""
        literal: dict[int, set[int]] = defaultdict(set)
        for part in attrs["literal"]:
            literal[part["line"]].add(part["start"])
        return attrs | {"literal": literal}


@extend_schema_field({"type": ["string", "integer", "null"]})
class ValueField(serializers.JSONField):
    """The value of a span: a name, a date, a time, a rule or a number."""


class SpanSerializer(serializers.Serializer[None]):
    """A recognised part of a line. Offsets count characters of the line as sent."""

    kind = serializers.ChoiceField(KINDS)
    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=0)
    text = serializers.CharField(help_text="The characters from `start` to `end`.")
    value = ValueField(help_text="A name, a date, a rule or a number.")


class QuickFieldsSerializer(TaskSerializer):
    """The fields that the line sets, as in `POST tasks`."""

    def get_fields(self) -> JSONObject:
        fields = super().get_fields()
        fields["list"].allow_null = True
        fields["list"].help_text = "Null in a dry run if the list would be created."
        return {name: fields[name] for name in FIELDS}


class LineSerializer(serializers.Serializer[None]):
    """The result of parsing a line."""

    title = serializers.CharField()
    spans = SpanSerializer(many=True, read_only=True)
    fields = QuickFieldsSerializer()  # type: ignore[assignment]  # shadows a property


class QuickAnswerSerializer(serializers.Serializer[None]):
    """The created tasks (none in a dry run), and the result of parsing each line."""

    tasks = TaskSerializer(many=True, read_only=True)
    parse = LineSerializer(many=True, read_only=True)


class TaskQuickView(TaskEndpoint):
    """Create tasks from lines of text, all of them or none."""

    name = "Quick add"
    scopes = {"POST": APPEND}
    list_methods = {"POST"}
    input_class = QuickSerializer
    conflicts = {"POST": (actions.AccountFull,)}

    @extend_schema(
        operation_id="tasks_quick",
        responses={201: QuickAnswerSerializer, 200: QuickAnswerSerializer},
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Create tasks from lines of text: all of them, or none.

        A token that only adds tasks can't create lists, and gets only their `id`.
        """
        body = self.validated(request)
        if body["new_lists"]:
            self.require(WRITE)
            self.require_all_lists()
        if body.pop("dry_run"):
            self.require(READ)
            drafts = actions.preview_quick_add(self.caller, **body)
            return Response(_represent(drafts, is_stored=False))
        drafts = actions.quick_add(self.caller, **body)
        if not self.may_read:
            ids = [{"id": draft.task.pk} for draft in drafts]
            return Response({"tasks": ids}, status=status.HTTP_201_CREATED)
        return Response(
            _represent(drafts, is_stored=True), status=status.HTTP_201_CREATED
        )


def _represent(drafts: list[Draft], *, is_stored: bool) -> JSONObject:
    tasks = [represent_task(vars(draft.task)) for draft in drafts]
    if not is_stored:
        for draft, task in zip(drafts, tasks, strict=True):
            task["list"] = None if draft.new_list else task["list"]
    return {
        "tasks": tasks if is_stored else [],
        "parse": [
            _represent_line(draft, task)
            for draft, task in zip(drafts, tasks, strict=True)
        ],
    }


def _represent_line(draft: Draft, task: JSONObject) -> JSONObject:
    return {
        "title": task["title"],
        "spans": [asdict(span) for span in draft.parsed.spans],
        "fields": {name: task[name] for name in FIELDS},
    }
