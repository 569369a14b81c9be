"""Quick add: lines of text become tasks. `docs/quick-add.md` has the grammar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.fields import (
    BoundedListField,
    TrueOrFalseField,
    WholeNumberField,
)
from config.text import TextField
from todos import actions, task_fields
from todos.actions.quick import LINES_MAX, Draft
from todos.api.serializers.tasks import TaskSerializer, represent_task
from todos.api.tasks import TaskEndpoint
from todos.schedule.quick_add import KINDS, Fields

TEXT_MAX_LENGTH = 50_000
PARTS_MAX = 1_000
_NAMES = {field.column: field.name for field in task_fields.FIELDS}
# What a line can say of a task, in the words of `POST tasks`.
FIELDS = tuple(
    dict.fromkeys(_NAMES.get(field.name, field.name) for field in fields(Fields))
)


class LinesField(TextField):
    """Text that is checked like any other, but kept as sent: its characters count."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and len(data) > TEXT_MAX_LENGTH:
            self.fail("max_length", max_length=TEXT_MAX_LENGTH)
        super().run_validation(data)
        return data


class LiteralSerializer(serializers.Serializer[Any]):
    """A part that is to stay in the title."""

    line = WholeNumberField(
        min_value=0, max_value=LINES_MAX, help_text="Its entry in `parse`, from 0."
    )
    start = WholeNumberField(
        min_value=0, max_value=TEXT_MAX_LENGTH, help_text="The `start` of its span."
    )


class QuickSerializer(serializers.Serializer[Any]):
    """Lines of text, each a task. With `dry_run` nothing is stored."""

    text = LinesField(
        multiline=True,
        max_length=TEXT_MAX_LENGTH,
        help_text=f"Lines as in docs/quick-add.md, at most {LINES_MAX}.",
    )
    dry_run = TrueOrFalseField(
        default=False, help_text="Say how the lines are read, and store nothing."
    )
    literal = BoundedListField(
        child=LiteralSerializer(),
        max_length=PARTS_MAX,
        default=list,
        help_text="Parts that were understood, and are to stay in the title.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Group the literal parts by line, as the actions take them."""
        literal: dict[int, set[int]] = defaultdict(set)
        for part in attrs["literal"]:
            literal[part["line"]].add(part["start"])
        return attrs | {"literal": literal}


@extend_schema_field({"type": ["string", "integer", "null"]})
class ValueField(serializers.JSONField):
    """What a part says: a name, a date, a time, a rule or a number."""


class SpanSerializer(serializers.Serializer[Any]):
    """A part of a line. Offsets count characters of the line as it was sent."""

    kind = serializers.ChoiceField(KINDS)
    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=0)
    text = serializers.CharField(help_text="The characters from `start` to `end`.")
    value = ValueField(help_text="What it says: a name, a date, a rule or a number.")


class QuickFieldsSerializer(TaskSerializer):
    """What the line comes to, in the words of `POST tasks`."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {name: fields[name] for name in FIELDS}


class LineSerializer(serializers.Serializer[Any]):
    """How a line was read."""

    title = serializers.CharField()
    spans = SpanSerializer(many=True, read_only=True)
    fields = QuickFieldsSerializer()  # type: ignore[assignment]  # no clash: a field


class QuickAnswerSerializer(serializers.Serializer[Any]):
    """The tasks that were stored, none in a dry run, and how the lines were read."""

    tasks = TaskSerializer(many=True, read_only=True)
    parse = LineSerializer(many=True, read_only=True)


class TaskQuickView(TaskEndpoint):
    """Tasks from lines of text, all of them or none."""

    name = "Quick add"
    input_class = QuickSerializer
    conflicts = {"POST": (actions.AccountFull,)}

    @extend_schema(
        operation_id="tasks_quick",
        responses={201: QuickAnswerSerializer, 200: QuickAnswerSerializer},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Add tasks from lines of text: all of them, or none."""
        body = self.validated(request)
        if body.pop("dry_run"):
            drafts = actions.preview_quick_add(self.caller, **body)
            return Response(_represent(drafts, is_stored=False))
        drafts = actions.quick_add(self.caller, **body)
        return Response(
            _represent(drafts, is_stored=True), status=status.HTTP_201_CREATED
        )


def _represent(drafts: list[Draft], *, is_stored: bool) -> dict[str, Any]:
    tasks = [represent_task(vars(draft.task)) for draft in drafts]
    return {
        "tasks": tasks if is_stored else [],
        "parse": [
            _represent_line(draft, task)
            for draft, task in zip(drafts, tasks, strict=True)
        ],
    }


def _represent_line(draft: Draft, task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": task["title"],
        "spans": [asdict(span) for span in draft.parsed.spans],
        "fields": {name: task[name] for name in FIELDS},
    }
