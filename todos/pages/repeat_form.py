"""How a task repeats, as a form: common rules to choose from, or words."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from config.text import TextFormField
from todos.actions.quick_lines import WEEK_STARTS
from todos.models import Task
from todos.pages.forms import DATE_VALIDATORS, DateInput, Values, set_choices
from todos.pages.property_form import PropertyForm
from todos.schedule.quick_add import (
    PHRASE_MAX_LENGTH,
    Context,
    Fields,
    parse_repeat,
)
from todos.schedule.recurrence import normalise_rule
from todos.schedule.rules import MAX_COUNT, read_rule, with_end
from todos.schedule.windows import (
    Dates,
    dates_after,
    dates_after_completion,
    next_dates,
)
from todos.schedule.wording import rule_words

COMMON = (
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=MONTHLY",
    "FREQ=YEARLY",
)
DATES_SHOWN = 5


class RepeatForm(PropertyForm):
    """The rule of a task: chosen or in words, with its anchor and its end.

    `times` counts this occurrence and those to come, while COUNT of the rule also
    counts those that are past.
    """

    name = "repeat"
    heading = "Repeat"
    columns = ("rrule", "rrule_anchor")
    members: ClassVar = dict.fromkeys(
        ("repeat", "words", "rrule_anchor", "until", "times"), "recurrence"
    )

    repeat = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "Choose how often it repeats."},
    )
    words = TextFormField(
        label="Or in words",
        required=False,
        max_length=PHRASE_MAX_LENGTH,
        widget=forms.TextInput(
            attrs={"placeholder": "every 3rd tuesday", "autocomplete": "off"}
        ),
    )
    rrule_anchor = forms.ChoiceField(
        label="Counted from",
        choices=[
            (Task.Anchor.DUE.value, "The due date"),
            (Task.Anchor.COMPLETION.value, "The day of completion"),
        ],
        required=False,
        error_messages={"invalid_choice": "Choose a start for the next occurrence."},
    )
    until = forms.DateField(
        label="Last day", required=False, widget=DateInput, validators=DATE_VALIDATORS
    )
    times = forms.IntegerField(
        label="Times left", required=False, min_value=1, max_value=MAX_COUNT
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.read: Fields | None = None
        rules = [(rule, rule_words(rule)) for rule in self._rules()]
        set_choices(self.fields["repeat"], [("", "Never"), *rules])

    def _rules(self) -> list[str]:
        """Return the common rules and that of the task, each of them once.

        For a task due on the 31st, its rule replaces the equivalent `FREQ=MONTHLY`.
        """
        if not self.task.rrule:
            return [*COMMON]
        own, due = with_end(self.task.rrule), self.task.due_date
        alike = [own in {rule, normalise_rule(rule, due=due)} for rule in COMMON]
        rules = [
            own if same else rule for rule, same in zip(COMMON, alike, strict=True)
        ]
        return rules if any(alike) else [*rules, own]

    def values_of(self, task: Task) -> Values:
        if not task.rrule:
            return {}
        rule = read_rule(task.rrule)
        return {
            "repeat": with_end(task.rrule),
            "rrule_anchor": task.rrule_anchor,
            "until": rule.until,
            "times": rule.count and max(rule.count - self._past, 1),
        }

    @property
    def _past(self) -> int:
        """How many occurrences came before this one."""
        return (self.task.occurrence or 1) - 1

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        if words:
            self.read = self._parsed(words)
        return words

    def _parsed(self, words: str) -> Fields:
        today, due = self.clock.today, self.task.due_date
        week_start = WEEK_STARTS[User.WeekStart(self.user.week_start)]
        context = Context(clock=self.clock, week_start=week_start)
        read = parse_repeat(words, context=context, due=due)
        if read and due and read.due_date != due and due < today:
            # An overdue task that must move to another day moves to one to come.
            read = parse_repeat(words, context=context, due=today)
        if read is None:
            raise ValidationError(
                "Write how often, such as “every 3rd tuesday”, “every 2 weeks until"
                " march” or “every! 10 days”."
            )
        return read

    def as_changes(self) -> Values:
        if self.read is not None:
            return self._from_words(self.read)
        values = self.cleaned_data
        rule = values["repeat"]
        if not rule:
            return {"rrule": "", "rrule_anchor": ""}
        anchor = values["rrule_anchor"] or self.task.rrule_anchor
        if not {"repeat", "until", "times"} & set(self.changed_data):
            rule = self.task.rrule
        else:
            rule = with_end(rule, **self._end())
        return {"rrule": rule, "rrule_anchor": anchor or Task.Anchor.DUE.value}

    def _end(self) -> dict[str, Any]:
        """Return the end of the rule; the one that was changed, if there are two."""
        until, times = self.cleaned_data["until"], self.cleaned_data["times"]
        if until and times and "times" in self.changed_data:
            until = None
        return {"until": until} if until else {"count": times and self._count(times)}

    def _count(self, times: int) -> int:
        return min(times + self._past, MAX_COUNT)

    def _from_words(self, read: Fields) -> Values:
        rule, count = read.rrule, read_rule(read.rrule).count
        if count:
            rule = with_end(rule, count=self._count(count))
        changes: Values = {"rrule": rule, "rrule_anchor": read.rrule_anchor}
        if read.due_date != self.task.due_date:
            changes["due_date"] = read.due_date
        if read.due_time:
            changes["due_time"] = read.due_time
        return changes

    def saved_words(self, task: Task) -> str:
        words = repeat_words(task)
        return f"Repeats {words[:1].lower()}{words[1:]}" if words else "Doesn’t repeat"

    def now_words(self) -> str:
        return repeat_words(self.task) or "Never"


def repeat_words(task: Task) -> str:
    """Return how a task repeats, or an empty text."""
    from_completion = task.rrule_anchor == Task.Anchor.COMPLETION
    return rule_words(task.rrule, from_completion=from_completion) if task.rrule else ""


def dates_to_come(task: Task, *, today: date) -> list[date]:
    """Return the due dates of this occurrence and the next ones, at most five.

    An overdue task is followed by the first date after today, as if it were completed
    today.
    """
    if not task.rrule or task.due_date is None:
        return []
    read = read_rule(task.rrule)
    rule, first = (
        with_end(task.rrule, until=read.until),
        Dates(task.due_date, task.start_date),
    )
    done_on = max(task.due_date, today)
    from_completion = task.rrule_anchor == Task.Anchor.COMPLETION
    if from_completion:
        following = dates_after_completion(rule, first, done_on=done_on)
    else:
        following = dates_after(rule, first, after=done_on)
    left = DATES_SHOWN
    if read.count:
        left = min(read.count - (task.occurrence or 1) + 1, DATES_SHOWN)
    if following is None or left < 2:
        return [first.due]
    others = next_dates(
        rule, following, count=left - 1, from_completion=from_completion
    )
    return [first.due, *others]
