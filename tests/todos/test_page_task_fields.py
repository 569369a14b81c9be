"""Every valid task can be saved on its page, also when one field is not sent."""

from datetime import date, time
from itertools import product

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tests.factories import TaskFactory
from todos.ledger import snapshot
from todos.limits import NOTES_MAX_LENGTH
from todos.models import Task
from todos.pages.forms import ReminderField
from todos.pages.rows import reminder_words

pytestmark = pytest.mark.slow

DUE = {"due_date": date(2027, 1, 29)}
TIMED = DUE | {"due_time": time(9, 0, 30)}
ZONED = TIMED | {"due_tz": "Asia/Tokyo"}
MINUTES, AT = {"reminder_minutes": 45}, {"reminder_time": time(7, 15)}
# All valid combinations of date, time, time zone and reminder.
DATES = [
    {},
    *(DUE | one for one in ({}, AT)),
    *(TIMED | one for one in ({}, MINUTES, AT)),
    *(ZONED | one for one in ({}, MINUTES, AT)),
]
RULES = [
    {},
    {"rrule": "FREQ=MONTHLY"},  # stored as the 29th, or the last day
    {"rrule": "FREQ=WEEKLY;INTERVAL=6", "rrule_anchor": "completion"},
    {"rrule": "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"},
    {"rrule": "FREQ=DAILY;UNTIL=20270601"},
]
OTHERS = [
    {},
    {"start_date": date(2028, 1, 1), "labels": ["one, two", "phone"], "priority": 1},
    {"notes": "One\nTwo", "parent_id": "<a task>"},
]
# Fields that are independent of the dates alternate.
COMBINATIONS = [
    (dates, rule, OTHERS[number % len(OTHERS)])
    for number, (dates, rule) in enumerate(product(DATES, RULES))
]


def url(task):
    return reverse("todos:task-update", args=[task.pk])


def stored(alice, parts):
    fields = {name: value for part in parts for name, value in part.items()}
    if "parent_id" in fields:
        fields["parent_id"] = TaskFactory(owner=alice).pk
    return TaskFactory(owner=alice, title="Buy milk", **fields)


def written(form):
    """Return what a browser sends for an unchanged form."""
    sent = {}
    for field in form:
        value = field.field.widget.format_value(field.value())
        if isinstance(value, list):  # of a select
            value = value[0] if value else ""
        sent[field.name] = "" if value is None else str(value).replace("\n", "\r\n")
    return sent


def visible(form):
    return {field.name for field in form.visible_fields()}


def test_saves_notes_of_every_length_that_can_be_stored(page_as, alice):
    notes = ("x\n" * NOTES_MAX_LENGTH)[: NOTES_MAX_LENGTH - 1] + "x"
    task, client = stored(alice, ({"notes": notes},)), page_as(alice)
    whole = written(client.get(url(task)).context["form"])

    response = client.post(url(task), whole | {"title": "Buy oat milk"})

    assert response.status_code == 303
    task.refresh_from_db()
    assert (task.title, task.notes) == ("Buy oat milk", notes)


@pytest.mark.parametrize("number", range(5))
def test_saves_an_unchanged_form_and_a_form_without_one_field(page_as, alice, number):
    client = page_as(alice)
    for parts in COMBINATIONS[number::5]:
        task = stored(alice, parts)
        task = Task.objects.with_labels().get(pk=task.pk)
        form = client.get(url(task)).context["form"]
        whole = written(form)

        response = client.post(url(task), whole)

        assert response.status_code == 303, (parts, response.context["form"].errors)
        after = Task.objects.with_labels().get(pk=task.pk)
        assert (after.version, snapshot(after)) == (task.version, snapshot(task))
        for name in whole:
            if not whole[name]:
                continue
            with transaction.atomic():
                response = client.post(url(task), whole | {name: ""})
                transaction.set_rollback(True)
            if response.status_code != 303:
                refused = response.context["form"]
                assert refused.errors, (parts, name)
                assert set(refused.errors) <= visible(refused), (parts, name)


def test_shows_every_writable_field(page_as, alice):
    task = stored(alice, (ZONED | MINUTES, RULES[2], OTHERS[1]))

    response = page_as(alice).get(url(task))

    page = response.content.decode()
    assert all(f'name="{field.name}"' in page for field in response.context["form"])
    assert "45 minutes before" in page
    assert 'value="09:00:30"' in page


@pytest.mark.parametrize(
    ("parts", "cleared", "is_dropped"),
    [
        ((TIMED, MINUTES), {"due_time": ""}, True),
        ((TIMED, MINUTES), {"due_time": "", "due_date": ""}, True),
        ((DUE, AT), {"due_date": ""}, True),
        ((TIMED, AT), {"due_time": ""}, False),
        ((TIMED, AT), {"title": "Buy oat milk"}, False),
    ],
)
def test_removes_the_reminder_when_its_date_or_time_is_cleared(
    page_as, alice, parts, cleared, is_dropped
):
    task, client = stored(alice, parts), page_as(alice)
    whole = written(client.get(url(task)).context["form"])

    page = client.post(url(task), whole | cleared, follow=True).content.decode()

    task.refresh_from_db()
    has_reminder = bool(task.reminder_minutes or task.reminder_time)
    assert has_reminder is not is_dropped
    assert ("Saved, without the reminder: " in page) is is_dropped


def test_explains_what_a_new_reminder_requires(page_as, alice):
    task, client = stored(alice, (DUE,)), page_as(alice)
    whole = written(client.get(url(task)).context["form"])

    response = client.post(url(task), whole | {"reminder": "30"})

    page = response.content.decode()
    message = "A reminder before the due time requires a due date and time."
    assert f'<a href="#id_reminder">Reminder</a>: {message}' in page


@pytest.mark.parametrize(
    ("code", "minutes", "at"),
    [("30", 30, None), ("0", 0, None), ("09:00:00", None, time(9)), ("", None, None)],
)
def test_sets_and_removes_a_reminder(page_as, alice, code, minutes, at):
    task, client = stored(alice, (TIMED, MINUTES)), page_as(alice)
    whole = written(client.get(url(task)).context["form"])

    client.post(url(task), whole | {"reminder": code})

    task.refresh_from_db()
    assert (task.reminder_minutes, task.reminder_time) == (minutes, at)


def test_adds_a_task_with_a_reminder(page_as, alice):
    body = {"title": "x", "due_date": "2027-01-05", "reminder": "09:00:00"}

    page_as(alice).post(reverse("todos:task-create"), body)

    assert Task.objects.get().reminder_time == time(9)


@pytest.mark.parametrize("code", ["7", "07:07:07", "x", "²", "-1", "9" * 5000])
def test_refuses_a_reminder_that_is_not_a_choice(page_as, alice, code):
    response = page_as(alice).post(
        reverse("todos:task-create"), {"title": "x", "reminder": code}
    )

    assert "reminder" in response.context["form"].errors
    assert not Task.objects.exists()


def test_stores_from_where_the_next_occurrence_is_counted(page_as, alice):
    task, client = stored(alice, (DUE, RULES[2])), page_as(alice)
    whole = written(client.get(url(task)).context["form"])
    assert whole["rrule_anchor"] == "completion"

    client.post(url(task), whole | {"rrule_anchor": "due"})

    task.refresh_from_db()
    assert task.rrule_anchor == "due"


@pytest.mark.parametrize(
    ("minutes", "at", "words"),
    [
        (None, None, ""),
        (0, None, "When it is due"),
        (1, None, "1 minute before"),
        (90, None, "90 minutes before"),
        (60, None, "1 hour before"),
        (1440, None, "1 day before"),
        (40320, None, "28 days before"),
        (None, time(9), "At 09:00 on the day"),
        (None, time(9, 0, 30), "At 09:00:30 on the day"),
    ],
)
def test_shows_a_reminder_in_words(minutes, at, words):
    assert reminder_words(minutes, at) == words


def test_offers_the_common_reminders_and_the_current_one():
    field = ReminderField()

    field.offer(45, None)

    assert [words for _, words in field.choices] == [
        "Never",
        "When it is due",
        "10 minutes before",
        "30 minutes before",
        "45 minutes before",
        "1 hour before",
        "1 day before",
        "At 09:00 on the day",
    ]


def test_keeps_a_rule_that_has_ended(page_as, alice):
    task = stored(alice, (DUE, {"rrule": "FREQ=DAILY;COUNT=1"}))
    Task.objects.filter(pk=task.pk).update(
        rrule="FREQ=DAILY;UNTIL=20000101", created_at=timezone.now()
    )
    client = page_as(alice)
    whole = written(client.get(url(task)).context["form"])

    response = client.post(url(task), whole | {"title": "Buy oat milk"})

    assert response.status_code == 303
