"""The properties of a task, each of which the details save by itself."""

from datetime import date, time, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import (
    asks_to_sign_in,
    assert_does_not_exist,
    details_of,
    kinds,
    save,
    sent,
    set_url,
)
from todos import actions
from todos.agenda import Agenda
from todos.ledger import snapshot
from todos.limits import NOTES_MAX_LENGTH
from todos.models import Task
from todos.pages.forms import ReminderField
from todos.pages.rows import reminder_words

pytestmark = pytest.mark.any_database

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
# Every combination of dates, each with another rule and other fields.
COMBINATIONS = [
    (dates, RULES[number % len(RULES)], OTHERS[number % len(OTHERS)])
    for number, dates in enumerate([*DATES, {}])
]


def stored(alice, *parts):
    fields = {name: value for part in parts for name, value in part.items()}
    if "parent_id" in fields:
        fields["parent_id"] = TaskFactory(owner=alice).pk
    task = TaskFactory(owner=alice, **{"title": "Buy milk"} | fields)
    return loaded(task)


def loaded(task):
    return Task.objects.with_labels().get(pk=task.pk)


# --- Saving -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "input", "column", "value", "words"),
    [
        ("title", {"title": "Buy\noat milk "}, "title", "Buy oat milk", "Renamed"),
        ("notes", {"notes": "# A\r\nB"}, "notes", "# A\nB", "Notes saved"),
        (
            "due",
            {"due_date": "2027-01-05", "due_time": "18:00", "due_tz": "Asia/Tokyo"},
            "due_tz",
            "Asia/Tokyo",
            "Due Tue 5 Jan 2027, 18:00 (Asia/Tokyo)",
        ),
        (
            "start",
            {"start_date": "2027-01-05"},
            "start_date",
            date(2027, 1, 5),
            "Starts Tue 5 Jan 2027",
        ),
        ("priority", {"priority": "1"}, "priority", 1, "Priority urgent"),
        ("labels", {"add": "shop, home"}, "label_names", None, "Label added"),
        ("repeat", {"repeat": "FREQ=DAILY"}, "rrule", "FREQ=DAILY", "Repeats every"),
    ],
)
def test_saves_one_property(page_as, alice, name, input, column, value, words):
    task, client = stored(alice, {"labels": ["phone"]}), page_as(alice)

    response = save(client, task, name, **input)

    task = loaded(task)
    assert response.status_code == 303
    value = ["home", "phone", "shop"] if name == "labels" else value
    assert getattr(task, column) == value
    assert kinds(alice) == (["created"] * 2 if name == "labels" else []) + ["updated"]
    page = client.get(response.url).content.decode()
    assert words in page
    assert 'action="/undo/' in page


def test_moves_a_task_to_another_list(page_as, alice):
    home, task = TaskListFactory(owner=alice, name="Home"), TaskFactory(owner=alice)

    response = save(page_as(alice), task, "list", list=str(home.pk))

    assert response.status_code == 303
    assert loaded(task).list == home
    assert kinds(alice) == ["moved"]


def test_removes_one_label(page_as, alice):
    task = stored(alice, {"labels": ["one, two", "phone"]})

    save(page_as(alice), task, "labels", remove="one, two")

    assert loaded(task).label_names == ["phone"]


def test_returns_to_the_control_that_was_changed(page_as, alice):
    task, client = stored(alice, TIMED), page_as(alice)
    here = f"/inbox/?task={task.pk}"
    to = {"next": f"{here}#details-due_date", "due_time": "10:00:30"}

    response = save(client, task, "due", **to)

    assert response.url == f"{here}#details-due_time"


def test_returns_to_another_place_if_the_form_says_so(page_as, alice):
    task, client = stored(alice), page_as(alice)

    response = save(client, task, "title", title="x", next="/inbox/#step-1")

    assert response.url == "/inbox/#step-1"


@pytest.mark.slow
def test_saves_notes_of_every_length_that_can_be_stored(page_as, alice):
    notes = ("x\n" * NOTES_MAX_LENGTH)[: NOTES_MAX_LENGTH - 1] + "x"
    task, client = stored(alice), page_as(alice)

    assert save(client, task, "notes", notes=notes).status_code == 303
    assert loaded(task).notes == notes
    assert save(client, task, "notes", notes=notes + "!").status_code == 200


@pytest.mark.slow
def test_an_unchanged_form_changes_nothing(page_as, alice):
    client = page_as(alice)
    for parts in COMBINATIONS:
        task = stored(alice, *parts)
        forms = details_of(client, task).forms
        for name in forms.keys() - {"parent"}:
            response = client.post(set_url(task, name), sent(forms[name]))
            assert response.status_code == 303, (parts, name)
        after = loaded(task)
        assert (after.version, snapshot(after)) == (task.version, snapshot(task))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["due", "reminder", "repeat"])
def test_a_cleared_field_is_saved_or_named_in_the_error(page_as, alice, name):
    client = page_as(alice)
    for parts in COMBINATIONS:
        task = stored(alice, *parts)
        form = details_of(client, task).forms[name]
        for field in form.fields:
            with transaction.atomic():
                response = client.post(set_url(task, name), sent(form, **{field: ""}))
                transaction.set_rollback(True)
            if response.status_code != 303:
                errors = response.context["refused"].errors
                assert errors and set(errors) <= set(form.fields), (parts, field)


# --- Dates and reminders ----------------------------------------------------------


def test_a_time_alone_is_due_when_it_is_that_time_next(page_as, alice):
    task, client = stored(alice), page_as(alice)

    save(client, task, "due", due_time="00:00")

    tomorrow = timezone.now().date() + timedelta(days=1)
    assert loaded(task).due_date == tomorrow


def test_clearing_the_time_clears_the_time_zone(page_as, alice):
    task = stored(alice, ZONED)

    save(page_as(alice), task, "due", due_time="")

    task = loaded(task)
    assert (task.due_date, task.due_time, task.due_tz) == (DUE["due_date"], None, "")


def test_clearing_the_date_clears_the_time(page_as, alice):
    task = stored(alice, ZONED)

    save(page_as(alice), task, "due", due_date="")

    task = loaded(task)
    assert (task.due_date, task.due_time, task.due_tz) == (None, None, "")


@pytest.mark.parametrize(
    ("parts", "name", "cleared", "is_dropped"),
    [
        ((TIMED, MINUTES), "due", {"due_time": ""}, True),
        ((TIMED, MINUTES), "due", {"due_date": ""}, True),
        ((DUE, AT), "due", {"due_date": ""}, True),
        ((TIMED, AT), "due", {"due_time": ""}, False),
        ((TIMED, AT), "title", {"title": "Buy oat milk"}, False),
    ],
)
def test_removes_the_reminder_when_its_date_or_time_is_cleared(
    page_as, alice, parts, name, cleared, is_dropped
):
    task, client = stored(alice, *parts), page_as(alice)

    page = client.get(save(client, task, name, **cleared).url).content.decode()

    task = loaded(task)
    has_reminder = bool(task.reminder_minutes or task.reminder_time)
    assert has_reminder is not is_dropped
    assert (", without the reminder: " in page) is is_dropped


def test_explains_what_a_new_reminder_requires(page_as, alice):
    task, client = stored(alice, DUE), page_as(alice)

    page = save(client, task, "reminder", reminder="30").content.decode()

    message = "A reminder before the due time requires a due date and time."
    assert f'<a href="#details-reminder">Reminder</a>: {message}' in page


@pytest.mark.parametrize(
    ("code", "minutes", "at"),
    [("30", 30, None), ("0", 0, None), ("09:00:00", None, time(9)), ("", None, None)],
)
def test_sets_and_removes_a_reminder(page_as, alice, code, minutes, at):
    task = stored(alice, TIMED, MINUTES)

    save(page_as(alice), task, "reminder", reminder=code)

    task = loaded(task)
    assert (task.reminder_minutes, task.reminder_time) == (minutes, at)


@pytest.mark.parametrize("code", ["7", "07:07:07", "x", "²", "-1", "9" * 5000])
def test_refuses_a_reminder_that_is_not_a_choice(page_as, alice, code):
    task = stored(alice, TIMED)

    response = save(page_as(alice), task, "reminder", reminder=code)

    assert "reminder" in response.context["refused"].errors


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


# --- Access and bad input ---------------------------------------------------------


def test_requires_a_sign_in(client, alice):
    task = stored(alice)

    assert asks_to_sign_in(client.get(set_url(task, "title")))
    assert asks_to_sign_in(client.post(set_url(task, "title"), {"title": "Mine now"}))
    assert loaded(task).title == "Buy milk"


def test_hides_a_task_of_another_user(page_as, alice, bob):
    task, client = stored(alice), page_as(bob)

    theirs = client.post(set_url(task, "title"), {"title": "Mine now"})

    assert theirs.status_code == 404
    assert_does_not_exist(client, "todos:task-detail", task.pk)
    assert loaded(task).title == "Buy milk"
    assert kinds(bob) == []


@pytest.mark.parametrize("name", ["nothing", "owner", "version"])
def test_an_unknown_property_is_not_found(page_as, alice, name):
    task, client = stored(alice), page_as(alice)

    assert client.get(set_url(task, name)).status_code == 404
    assert client.post(set_url(task, name), {name: "1"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("title", "title", ""),
        ("title", "title", "a\x00b"),
        ("title", "title", "x" * 501),
        ("list", "list", "abc"),
        ("list", "list", ""),
        ("due", "due_tz", "Mars/Phobos"),
        ("due", "due_date", "2027-02-30"),
        ("priority", "priority", "5"),
        ("labels", "add", "x" * 51),
        ("parent", "parent", "abc"),
    ],
)
def test_refuses_bad_input(page_as, alice, name, field, value):
    task = stored(alice)

    response = page_as(alice).post(set_url(task, name), {field: value})

    assert response.status_code == 200
    assert list(response.context["refused"].errors) == [field]
    assert 'role="alert"' in response.content.decode()
    assert loaded(task).version == 1


@pytest.mark.parametrize("extra", [{"seen": "x" * 9999}, {"restore": "9" * 5000}])
def test_ignores_what_no_page_sends(page_as, alice, extra):
    task = stored(alice)

    response = page_as(alice).post(set_url(task, "priority"), {"priority": "1"} | extra)

    assert response.status_code in {303, 409}


def test_refuses_a_list_of_another_user(page_as, alice, bob):
    task, theirs = stored(alice), TaskListFactory(owner=bob)

    response = save(page_as(alice), task, "list", list=str(theirs.pk))

    assert response.context["refused"].errors == {"list": ["There is no such list."]}
    assert loaded(task).list.owner == alice


def test_a_step_remains_in_the_list_of_its_task(page_as, alice):
    home, step = TaskListFactory(owner=alice), stored(alice, {"parent_id": ""})
    client = page_as(alice)

    assert "list" not in details_of(client, step).forms
    response = client.post(set_url(step, "list"), {"list": str(home.pk)})

    assert response.status_code == 200
    assert loaded(step).list_id == step.list_id


def test_keeps_a_task_in_an_archived_list(page_as, alice):
    now, home = timezone.now(), TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.update_list(
        caller_of(alice, now), list_id=home.pk, changes={"archived_at": now}
    )

    response = save(page_as(alice), task, "list")

    assert response.status_code == 303
    assert loaded(task).list == home


def test_turns_a_step_into_a_task(page_as, alice):
    step = stored(alice, {"parent_id": ""})

    save(page_as(alice), step, "parent", parent="")

    assert loaded(step).parent is None


def test_refuses_other_methods(page_as, alice):
    task, client = stored(alice), page_as(alice)

    assert client.delete(set_url(task, "title")).status_code == 405
    assert client.put(reverse("todos:task-detail", args=[task.pk])).status_code == 405


# --- How it repeats ---------------------------------------------------------------


def test_a_recurrence_without_a_date_starts_with_its_first_date(page_as, alice):
    task = stored(alice)

    save(page_as(alice), task, "repeat", repeat="FREQ=DAILY")

    today = Agenda(alice, now=timezone.now()).clock.today
    # Around midnight, the request may have been on the previous day.
    assert loaded(task).due_date in {today, today - timedelta(days=1)}


@pytest.mark.parametrize(
    ("due", "rule", "offered"),
    [
        (date(2027, 1, 5), "FREQ=MONTHLY", "Every month"),
        (date(2027, 1, 29), "FREQ=MONTHLY", "Every month on the 29th or the last day"),
        (date(2027, 1, 31), "FREQ=MONTHLY;COUNT=3", "Every month on the last day"),
        (
            date(2028, 2, 29),
            "FREQ=YEARLY",
            "Every year on the 29th or the last day of February",
        ),
        (date(2027, 1, 4), "FREQ=WEEKLY;BYDAY=MO,WE", "Every week on Mon and Wed"),
    ],
)
def test_offers_the_rule_of_the_task_once(page_as, alice, due, rule, offered):
    task = TaskFactory(owner=alice, due_date=due, rrule=rule)

    field = details_of(page_as(alice), task).forms["repeat"].fields["repeat"]

    words = [words for _, words in field.choices]
    assert [one for one in words if one.startswith(offered)] == [offered]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("words", "rule", "anchor", "due"),
    [
        ("every 3rd tuesday", "FREQ=MONTHLY;BYDAY=3TU", "due", date(2027, 2, 16)),
        ("every! 10 days", "FREQ=DAILY;INTERVAL=10", "completion", date(2027, 1, 29)),
        (
            "every 2 weeks until march",
            "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270331",
            "due",
            date(2027, 1, 29),
        ),
    ],
)
def test_takes_words(page_as, alice, words, rule, anchor, due):
    task = stored(alice, DUE)

    save(page_as(alice), task, "repeat", words=words)

    task = loaded(task)
    assert (task.rrule, task.rrule_anchor, task.due_date) == (rule, anchor, due)


def test_words_move_an_overdue_task_to_a_date_to_come(page_as, alice):
    due = timezone.now().date() - timedelta(days=10)
    task = TaskFactory(owner=alice, due_date=due)
    day = (due + timedelta(days=1)).strftime("%A")

    save(page_as(alice), task, "repeat", words=f"every {day}")

    assert loaded(task).due_date >= timezone.now().date() - timedelta(days=1)


def test_words_can_set_the_time(page_as, alice):
    task = stored(alice, DUE)

    save(page_as(alice), task, "repeat", words="every day at 9")

    assert loaded(task).due_time == time(9)


def test_keeps_words_that_it_does_not_understand(page_as, alice):
    task = stored(alice, DUE)

    response = save(page_as(alice), task, "repeat", words="every now and then")

    page = response.content.decode()
    assert "Write how often, such as" in page
    assert 'value="every now and then"' in page
    assert loaded(task).rrule == ""


def test_sets_and_replaces_the_end(page_as, alice):
    task, client = stored(alice, DUE, {"rrule": "FREQ=DAILY"}), page_as(alice)

    save(client, task, "repeat", until="2027-03-01")
    assert loaded(task).rrule == "FREQ=DAILY;UNTIL=20270301"
    save(client, task, "repeat", times="4")
    assert loaded(task).rrule == "FREQ=DAILY;COUNT=4"
    save(client, task, "repeat", times="")
    assert loaded(task).rrule == "FREQ=DAILY"


def test_counts_the_times_that_are_left(page_as, alice):
    task = stored(alice, DUE, {"rrule": "FREQ=DAILY;COUNT=5"})
    actions.skip_occurrence(caller_of(alice), task_id=task.pk)
    client = page_as(alice)

    assert details_of(client, task).forms["repeat"]["times"].value() == 4
    save(client, task, "repeat", times="2")

    assert loaded(task).rrule == "FREQ=DAILY;COUNT=3"


def test_stores_from_where_the_next_occurrence_is_counted(page_as, alice):
    task, client = stored(alice, DUE, RULES[2]), page_as(alice)

    save(client, task, "repeat", rrule_anchor="due")
    assert loaded(task).rrule_anchor == "due"
    save(client, task, "repeat", repeat="")
    assert (loaded(task).rrule, loaded(task).rrule_anchor) == ("", "")


def test_a_rule_that_has_ended_stays_when_something_else_is_saved(page_as, alice):
    task = stored(alice, DUE, {"rrule": "FREQ=DAILY;COUNT=1"})
    Task.objects.filter(pk=task.pk).update(rrule="FREQ=DAILY;UNTIL=20000101")
    client = page_as(alice)

    assert save(client, task, "title", title="Buy oat milk").status_code == 303
    assert save(client, task, "repeat").status_code == 303
    assert loaded(task).rrule == "FREQ=DAILY;UNTIL=20000101"


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY", [0, 1, 2, 3, 4]),
        ("FREQ=DAILY;COUNT=2", [0, 1]),
        ("FREQ=WEEKLY", [0, 7, 14, 21, 28]),
    ],
)
def test_shows_the_next_dates(page_as, alice, rule, days):
    due = date(2028, 3, 1)
    task = TaskFactory(owner=alice, due_date=due, rrule=rule)

    shown = details_of(page_as(alice), task).dates

    dates = [due + timedelta(days=number) for number in days]
    assert shown == [f"{day:%a} {day.day} {day:%b} {day.year}" for day in dates]


def test_the_dates_of_an_overdue_task_go_on_after_today(page_as, alice):
    today = Agenda(alice, now=timezone.now()).clock.today
    due = today - timedelta(days=9)
    task = TaskFactory(owner=alice, due_date=due, rrule="FREQ=DAILY")

    shown = details_of(page_as(alice), task).dates

    assert shown[1] == "Tomorrow"


def test_skips_one_date_but_not_two_by_a_double_click(page_as, alice):
    task = stored(alice, DUE, {"rrule": "FREQ=DAILY"})
    client = page_as(alice)
    url = reverse("todos:task-skip", args=[task.pk])

    for _ in range(2):
        client.post(url, {"version": task.version})

    assert loaded(task).due_date == DUE["due_date"] + timedelta(days=1)
