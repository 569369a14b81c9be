"""Recurrence: skip an occurrence, and preview the dates of a rule."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.authentication import user_of
from accounts.models import validate_timezone
from config.api.conditional import expected_version
from config.api.responses import Response
from config.api.scopes import READ, WRITE
from config.json import JSONObject
from config.text import TextField
from todos import actions
from todos.agenda import clock_of
from todos.api.endpoint import OwnedEndpoint
from todos.api.serializers.fields import BoundedDateField, LocalTimeField
from todos.api.serializers.tasks import RecurrenceSerializer, TaskSerializer
from todos.api.tasks import TaskEndpoint
from todos.limits import TIMEZONE_MAX_LENGTH
from todos.models import Task
from todos.schedule.instants import instant_of
from todos.schedule.recurrence import RuleRefused, begin_series
from todos.schedule.windows import Dates, next_dates
from todos.schedule.wording import rule_words


class TaskSkipView(TaskEndpoint):
    """Skip to the next occurrence of a repeating task without completing it."""

    name = "Skip an occurrence"
    scopes = {"POST": WRITE}
    list_methods = {"POST"}
    is_versioned = True
    conflicts = {
        "POST": (
            actions.InTrash,
            actions.NotRepeating,
            actions.AlreadyCompleted,
            actions.NextExists,
            actions.SeriesEnded,
        )
    }

    @extend_schema(operation_id="tasks_skip", responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """Skip an occurrence: the same task moves to its next date."""
        task = actions.skip_occurrence(
            self.caller, task_id=task_id, version=expected_version(request)
        )
        return self.answer(task)


class PreviewQuestionSerializer(RecurrenceSerializer):
    """A rule and a due date; by default the first date of the rule."""

    due_date = BoundedDateField(
        allow_null=True, default=None, help_text="The first date of the series."
    )
    start_date = BoundedDateField(
        allow_null=True,
        default=None,
        help_text="The start date of the first task. It matters if the rule describes"
        " the start date and not the due date.",
    )
    due_time = LocalTimeField(
        allow_null=True, default=None, help_text="Local time on each date."
    )
    due_tz = TextField(
        max_length=TIMEZONE_MAX_LENGTH,
        allow_null=True,
        default=None,
        validators=[validate_timezone],
        help_text="The IANA time zone of the time; by default the user's.",
    )

    def validate(self, values: JSONObject) -> JSONObject:
        if values["due_tz"] and values["due_time"] is None:
            raise serializers.ValidationError(
                {"due_tz": "A time zone needs a due time."}
            )
        return values


class PreviewSerializer(serializers.Serializer[None]):
    """The rule as it would be stored, and the first dates of the series."""

    rrule = serializers.CharField(help_text="The rule as a task would have it.")
    text = serializers.CharField(help_text="The rule in words, in English.")
    dates = serializers.ListField(
        child=serializers.DateField(),
        read_only=True,
        help_text="The next five due dates, or fewer if the rule ends. For the anchor"
        " `completion`, as if each occurrence were completed on its due date.",
    )
    at = serializers.ListField(
        child=serializers.DateTimeField(),
        read_only=True,
        allow_null=True,
        help_text="The same as UTC times; null without a due time.",
    )


class RecurrencePreviewView(OwnedEndpoint):
    """Preview the next dates of a rule. Nothing is stored."""

    name = "Dates of a rule"
    scopes = {"POST": READ}
    list_methods = {"POST"}
    input_class = PreviewQuestionSerializer
    tag = "tasks"

    @extend_schema(
        operation_id="recurrence_preview", responses={200: PreviewSerializer}
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Preview the due dates of a task with a rule."""
        owner, asked = user_of(request), self.validated(request)
        from_completion = asked["anchor"] == Task.Anchor.COMPLETION
        try:
            rule, start = begin_series(
                asked["rrule"],
                due=asked["due_date"],
                today=clock_of(owner, now=timezone.now()).today,
                from_completion=from_completion,
            )
        except RuleRefused as exc:
            raise serializers.ValidationError({"rrule": [str(exc)]}) from exc
        first = Dates(start, asked["start_date"])
        dates = next_dates(rule, first, from_completion=from_completion)
        words = rule_words(rule, from_completion=from_completion)
        at, zone = asked["due_time"], ZoneInfo(asked["due_tz"] or owner.timezone)
        instants = [instant_of(day, at, zone) for day in dates] if at else None
        return Response({"rrule": rule, "text": words, "dates": dates, "at": instants})
