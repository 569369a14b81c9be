"""The fields of a task of Vikunja.

Vikunja stores instants, and no dates without a time. Its own pages show midnight as a
time like any other; here, an instant at which a day of the user begins is a date.
"""

from __future__ import annotations

import re
from datetime import timedelta

from django.core.exceptions import ValidationError

from todos.imports import checks
from todos.imports.drafts import Draft
from todos.imports.html_text import HTML_CUT, plain_text
from todos.imports.json_lists import Item, Members
from todos.imports.local_times import (
    When,
    is_start_of_day,
    reminder_columns,
    rule_for,
    when_of,
)
from todos.imports.vikunja_projects import Outline, related
from todos.models import Task
from todos.schedule.days import Clock
from todos.schedule.instants import wall_clock
from todos.schedule.recurrence import RuleRefused

READ = {
    "assignees",
    "attachments",
    "bucket_id",
    "comments",
    "created",
    "description",
    "done",
    "done_at",
    "due_date",
    "end_date",
    "hex_color",
    "id",
    "is_favorite",
    "labels",
    "percent_done",
    "priority",
    "related_tasks",
    "reminder_dates",
    "reminders",
    "repeat_after",
    "repeat_mode",
    "repeats",
    "start_date",
    "title",
    "updated",
}
LEFT_OUT = {"created_by", "identifier", "index", "list_id", "position", "project_id"}
KNOWN = frozenset(READ | LEFT_OUT)
NO_DATE = "0001-01-01T"
PRIORITIES = {0: 3, 1: 4, 2: 3, 3: 2, 4: 1, 5: 1}
MONTHLY, FROM_COMPLETION = 1, 2  # repeat_mode; 0 repeats from the due date
DAY, WEEK = 24 * 60 * 60, 7 * 24 * 60 * 60  # seconds
MARKUP = re.compile(
    r"\s*<(?:p|h[1-6]|ul|ol|blockquote|pre|table|hr|img|div|br)\b", re.I
)
# An item of a list, and the tags around its check box and before its text.
ITEM = re.compile(r"<li\b([^<>]*)>(?:\s*</?(?:p|div|label|input|span)\b[^<>]*>)*", re.I)
SHOWN_MAX = 2_000  # characters of a value that are added to the notes


class TaskReader:
    """Sets the fields of a draft from the members of a task."""

    def __init__(
        self, draft: Draft, item: Item, outline: Outline, clock: Clock
    ) -> None:
        self._draft, self._item = draft, item
        self._members = Members(item, draft.checker)
        self._outline, self._clock = outline, clock

    def read(self) -> None:
        draft, members, item = self._draft, self._members, self._item
        for name in ("id", "bucket_id"):  # read already, if they are numbers
            members.number(name)
        draft.set_title("title", members.text("title"))
        draft.add_notes(self._text("description", members))
        names = [one.text("title") for one in members.objects("labels")]
        draft.add_labels("labels", filter(None, names))
        self._take_priority()
        self._take_state(item)
        due, start = self._when("due_date"), self._when("start_date")
        self._take_dates(due, start)
        self._take_rule(due, start)
        self._take_reminders(due, start)
        self._take_rest(item)
        self._take_comments()

    def _keep(self, name: str, text: str, message: str) -> None:
        if text:
            self._draft.keep(name, text[:SHOWN_MAX], message)

    def _take_priority(self) -> None:
        priority = self._members.number("priority")
        if priority in PRIORITIES:
            self._draft.fields["priority"] = PRIORITIES[priority]
        else:
            self._keep("priority", str(priority), "Must be 0 to 5.")

    def _take_state(self, item: Item) -> None:
        draft, members = self._draft, self._members
        for column, name in (("created_at", "created"), ("updated_at", "updated")):
            draft.set_instant(column, name, members.text(name))
        done_at = members.text("done_at")
        if members.flag("done"):
            draft.set_instant("completed_at", "done_at", done_at)
            draft.fields.setdefault(
                "completed_at", draft.fields.get("updated_at") or self._clock.now
            )
        elif done_at and not done_at.startswith(NO_DATE):
            draft.checker.notice("done_at", "The task is open: not imported.")
        progress = item.get("percent_done") or 0
        if isinstance(progress, bool) or not isinstance(progress, (int, float)):
            members.error("percent_done", "Must be a number.")
        elif progress and not members.flag("done"):
            self._keep("percent_done", f"{progress:.0%}", "Tasks have no progress.")

    # --- Dates

    def _when(self, name: str) -> When | None:
        """Return a date of the task; an invalid one goes into the notes."""
        text = self._members.text(name)
        if not text or text.startswith(NO_DATE):
            return None
        try:
            instant = checks.instant(text).replace(microsecond=0)
            when = when_of(instant, self._clock.zone)
        except ValidationError as exc:
            self._keep(name, text, exc.messages[0])
            return None
        return When(when.day) if is_start_of_day(instant, self._clock.zone) else when

    def _take_dates(self, due: When | None, start: When | None) -> None:
        if due:
            self._draft.fields |= due.columns()
        if start and due and start.is_after(due):
            self._keep("start_date", _shown(start), "It is after the due date.")
        elif start:
            if due is None or start.day < due.day:
                self._draft.fields["start_date"] = start.day
            if start.at is not None and start != due:
                self._keep("start_date", _shown(start), "A start has no time.")
        end = self._when("end_date")
        if end and end != due:
            self._keep("end_date", _shown(end), "Tasks have no end.")

    # --- Repeats and reminders

    def _take_rule(self, due: When | None, start: When | None) -> None:
        members = self._members
        seconds, mode = members.number("repeat_after"), members.number("repeat_mode")
        text = members.text("repeats")
        if not (seconds or text or mode == MONTHLY):
            return
        shown = text or f"{seconds} seconds, mode {mode}"
        if due is None:
            self._keep("repeat_after", shown, "A repeating task needs a due date.")
            return
        try:
            text = text or _rule(seconds, mode)
            rule = rule_for(text, due, self._clock.zone, start=start)
        except RuleRefused as exc:
            self._keep("repeat_after", shown, str(exc))
            return
        anchor = Task.Anchor.COMPLETION if mode == FROM_COMPLETION else Task.Anchor.DUE
        self._draft.fields |= {"rrule": rule, "rrule_anchor": anchor.value}

    def _take_reminders(self, due: When | None, start: When | None) -> None:
        bases = {"due_date": due, "start_date": start}
        found: dict[str, object] = {}
        left_out = []
        for one in self._members.objects("reminders"):
            at, period = one.text("reminder"), one.number("relative_period")
            base = bases.get(one.text("relative_to"))
            columns = self._reminder(due, base, period, at)
            if columns and not found:
                found = columns
            elif not columns or columns != found:
                shown = f"{period} seconds from {one.text('relative_to')}"
                left_out.append(shown if not at or at.startswith(NO_DATE) else at)
        for at in self._members.texts("reminder_dates"):
            columns = self._reminder(due, None, 0, at)
            if columns and not found:
                found = columns
            elif not columns or columns != found:
                left_out.append(at)
        self._draft.fields |= found
        message = "A task has one reminder: before its time, or on its date."
        self._keep("reminders", ", ".join(left_out), message)

    def _reminder(
        self, due: When | None, base: When | None, period: int, at: str
    ) -> dict[str, object]:
        """Return the columns of a reminder; empty if a task can't have it.

        It is `period` seconds after `base`, or else at an instant.
        """
        if due is None:
            return {}
        try:
            if base:
                alarm = base.wall_clock + timedelta(seconds=period)
            else:
                alarm = wall_clock(checks.instant(at), self._clock.zone)
            return reminder_columns(due, alarm.replace(microsecond=0)) or {}
        except (OverflowError, ValidationError):
            return {}

    # --- What has no field

    def _take_rest(self, item: Item) -> None:
        members = self._members
        users = [
            one.text("name") or one.text("username")
            for one in members.objects("assignees")
        ]
        self._keep("assignees", ", ".join(users), "Tasks can't be assigned.")
        files = [one.object("file") for one in members.objects("attachments")]
        names = [one.text("name") for one in files if one]
        self._keep("attachments", ", ".join(names), "Files are not imported.")
        if members.flag("is_favorite"):
            self._keep("is_favorite", "yes", "Tasks have no favourites.")
        self._take_relations(item)

    def _take_relations(self, item: Item) -> None:
        relations = item.get("related_tasks") or {}
        if not isinstance(relations, dict):
            self._members.error("related_tasks", "Must be an object.")
            return
        for kind in sorted(relations):
            titles = [
                str(one.get("title") or "")
                for one in related(item, kind)
                if not self._outline.is_step(item, kind, one)
            ]
            if titles:
                text = f"{kind[:50]}: {', '.join(titles)}"
                self._keep("related_tasks", text, "Tasks have no such relations.")

    def _take_comments(self) -> None:
        for one in self._members.objects("comments"):
            author = one.object("author")
            about = [_name_of(author) if author else "", one.text("created")[:10]]
            about = [", ".join(filter(None, about)), self._text("comment", one)]
            self._draft.add_notes(": ".join(filter(None, about)))

    def _text(self, name: str, members: Members) -> str:
        """Return a description as text; newer versions of Vikunja write HTML."""
        markup = members.text(name)
        if MARKUP.match(markup) is None:
            return markup
        for end in ("</p></div></li>", "</p></li>"):
            markup = markup.replace(end, "</li>")
        text, is_complete = plain_text(ITEM.sub(_with_box, markup))
        if not is_complete:
            self._draft.checker.notice(name, HTML_CUT)
        return text


def _with_box(match: re.Match[str]) -> str:
    """Return the beginning of an item, with its check box as in Markdown."""
    if "data-checked=" not in match[1]:
        return "<li>"
    return "<li>[x] " if 'data-checked="true"' in match[1] else "<li>[ ] "


def _name_of(user: Members) -> str:
    return user.text("name") or user.text("username")


def _shown(when: When) -> str:
    return (
        str(when.day) if when.at is None else when.wall_clock.isoformat(" ", "minutes")
    )


def _rule(seconds: int, mode: int) -> str:
    """Return the rule of a task that repeats.

    Raises:
        RuleRefused: a rule can't express it.
    """
    if mode == MONTHLY:
        return "FREQ=MONTHLY"
    if mode not in {0, FROM_COMPLETION} or seconds <= 0 or seconds % DAY:
        raise RuleRefused("It must be a number of days.")
    if seconds % WEEK == 0:
        return f"FREQ=WEEKLY;INTERVAL={seconds // WEEK}"
    return f"FREQ=DAILY;INTERVAL={seconds // DAY}"
