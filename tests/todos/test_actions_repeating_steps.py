"""Steps of repeating tasks: they keep their distance to the task."""

import random
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes import caller_of, snapshots_of, statements_of
from tests.factories import NOON, TaskFactory
from todos import actions
from todos.models import Change, Task

DAY = timedelta(days=1)
TODAY = NOON.date()  # a Sunday


def repeating(owner, rrule="FREQ=WEEKLY", due_date=TODAY, **fields):
    return TaskFactory(
        owner=owner, due_date=due_date, rrule=rrule, at=NOON - 40 * DAY, **fields
    )


def noon_of(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def complete(task, on=TODAY):
    caller = caller_of(task.owner, noon_of(on))
    return actions.complete_task(caller, task_id=task.pk).next


def reopen(task):
    return actions.reopen_task(caller_of(task.owner, NOON), task_id=task.pk)


def skip(task, on=TODAY):
    caller = caller_of(task.owner, noon_of(on))
    return actions.skip_occurrence(caller, task_id=task.pk)


def open_step(task):
    return task.steps.open().get()


# --- Completing -------------------------------------------------------------------


@pytest.mark.parametrize("days", [-5, -2, 0, 2])
@pytest.mark.parametrize("how", ["alone", "with its task", "skipped"])
def test_a_step_stays_where_it_was_round_after_round(alice, days, how):
    task = repeating(alice)
    TaskFactory(
        owner=alice,
        parent_id=task.pk,
        title="Step",
        due_date=TODAY + days * DAY,
        rrule="FREQ=WEEKLY",
        at=NOON - 40 * DAY,
    )

    for weeks in range(1, 5):
        step = open_step(task)
        done = task.due_date + max(days, 0) * DAY
        if how == "alone":
            complete(step, on=done)
        elif how == "skipped":
            skip(step, on=done)
        task = complete(task, on=done)

        assert task.due_date == TODAY + weeks * 7 * DAY
        assert open_step(task).due_date == task.due_date + days * DAY
        assert task.steps.count() == 1


@pytest.mark.parametrize("days", [-15, -8, -7, -3, 0])
def test_a_step_that_is_done_long_before_its_task_keeps_its_distance(alice, days):
    task = repeating(alice)
    repeating(alice, parent_id=task.pk, due_date=TODAY + days * DAY)

    for _ in range(4):
        step = open_step(task)
        complete(step, on=step.due_date)
        task = complete(task, on=task.due_date)

        assert open_step(task).due_date == task.due_date + days * DAY


def test_a_waiting_step_is_not_counted_as_done(alice):
    task = repeating(alice)
    step = repeating(alice, parent_id=task.pk)
    following = complete(step)

    upcoming = complete(task)

    assert list(Task.objects.completed().order_by("pk")) == [task, step]
    # It is the same row, with what was written there.
    moved = open_step(upcoming)
    assert moved == following
    assert (moved.due_date, moved.version) == (TODAY + 7 * DAY, 2)
    assert (upcoming.steps_total, upcoming.steps_done) == (1, 0)
    assert (moved.occurrence, moved.series == step.series) == (1, False)


def test_what_was_written_in_a_waiting_step_stays(alice):
    task = repeating(alice)
    following = complete(repeating(alice, parent_id=task.pk))
    actions.update_task(
        caller_of(alice, NOON),
        task_id=following.pk,
        changes={"notes": "With Ann", "labels": ["home"], "due_date": TODAY + 9 * DAY},
    )

    upcoming = complete(task)

    moved = upcoming.steps.with_labels().get()
    assert (moved.notes, moved.label_names) == ("With Ann", ["home"])
    assert moved.due_date == TODAY + 9 * DAY


def test_a_step_of_another_rhythm_keeps_its_own_date(alice):
    """A daily step, done today, is due tomorrow, also in the task of next week."""
    task = repeating(alice)
    following = complete(repeating(alice, "FREQ=DAILY", parent_id=task.pk))

    upcoming = complete(task)

    assert open_step(upcoming) == following
    assert open_step(upcoming).due_date == TODAY + DAY


@pytest.mark.parametrize("anchor", ["due", "completion"])
@pytest.mark.parametrize("days", [0, -5, 2])
def test_an_overdue_task_and_its_step_skip_the_same_weeks(alice, anchor, days):
    """The step was completed in time, the task two weeks later."""
    first = TODAY - 14 * DAY
    task = repeating(alice, due_date=first, rrule_anchor=anchor)
    complete(repeating(alice, due_date=first + days * DAY, parent_id=task.pk), on=first)

    upcoming = complete(task)

    assert upcoming.due_date == TODAY + 7 * DAY
    assert open_step(upcoming).due_date == upcoming.due_date + days * DAY


def test_a_reminder_and_a_start_date_go_along(alice):
    task = repeating(alice)
    complete(
        repeating(
            alice,
            parent_id=task.pk,
            start_date=TODAY - DAY,
            reminder_time=time(9),
        )
    )

    moved = open_step(complete(task))

    assert moved.start_date == TODAY + 6 * DAY
    assert moved.remind_on == TODAY + 7 * DAY


def test_steps_in_the_same_task_that_do_not_repeat_are_copied(alice):
    task = repeating(alice)
    complete(repeating(alice, parent_id=task.pk, title="Weekly"))
    TaskFactory(owner=alice, parent_id=task.pk, title="Plain", due_date=TODAY - DAY)
    TaskFactory(owner=alice, parent_id=task.pk, title="Undated")

    upcoming = complete(task)

    steps = upcoming.steps.order_by("position").values_list("title", "due_date")
    assert list(steps) == [
        ("Weekly", TODAY + 7 * DAY),
        ("Plain", TODAY + 6 * DAY),
        ("Undated", None),
    ]
    assert upcoming.steps_total == 3


def test_the_distance_is_in_days_at_month_ends(alice):
    """31 January is followed by 28 February, and 21 days earlier is the 7th."""
    task = repeating(alice, "FREQ=MONTHLY", date(2027, 1, 31))
    repeating(alice, "FREQ=MONTHLY", date(2027, 1, 10), parent_id=task.pk)

    upcoming = complete(task, on=date(2027, 1, 31))

    assert upcoming.due_date == date(2027, 2, 28)
    assert open_step(upcoming).due_date == date(2027, 2, 7)


def test_in_the_last_occurrence_every_step_is_completed(alice):
    task = repeating(alice, "FREQ=WEEKLY;COUNT=1")
    complete(repeating(alice, parent_id=task.pk))

    assert complete(task) is None
    assert not Task.objects.open().exists()


def test_a_waiting_step_that_is_named_is_completed_with_its_task(alice):
    task = repeating(alice)
    following = complete(repeating(alice, parent_id=task.pk))

    done = actions.change_tasks(
        caller_of(alice, NOON), task_ids=[task.pk, following.pk], action="complete"
    )

    upcoming = done.next_occurrences[task.pk]
    following.refresh_from_db()
    assert following.is_completed
    assert open_step(upcoming).due_date == TODAY + 7 * DAY


def test_a_step_of_a_completed_task_opens_no_next_occurrence(alice):
    task = repeating(alice)
    step = repeating(alice, parent_id=task.pk)
    complete(step)
    upcoming = complete(task)

    reopen(step)

    assert complete(step) is None
    assert list(Task.objects.open().order_by("pk")) == [
        open_step(upcoming),
        upcoming,
    ]


def test_the_completed_task_counts_the_steps_that_stayed(api_as, alice):
    task = repeating(alice)
    complete(repeating(alice, parent_id=task.pk))

    answer = api_as(alice).post(f"/api/v1/tasks/{task.pk}/complete").json()

    shown = api_as(alice).get(f"/api/v1/tasks/{task.pk}").json()
    assert (answer["steps_total"], answer["steps_done"]) == (1, 1)
    assert (shown["steps_total"], shown["steps_done"]) == (1, 1)
    assert (answer["next"]["steps_total"], answer["next"]["steps_done"]) == (1, 0)


# --- Everywhere -------------------------------------------------------------------


def by_action(client, task):
    complete(task)


def by_api(client, task):
    client.post(f"/api/v1/tasks/{task.pk}/complete")


def by_bulk(client, task):
    body = {"ids": [str(task.pk)], "action": "complete"}
    client.post("/api/v1/tasks/bulk", body)


def by_plan(client, task):
    client.patch(f"/api/{task.owner_id}/tasks/{task.pk}/complete")


def by_page(client, task):
    client.post(reverse("todos:task-complete", args=[task.pk]))


@pytest.mark.parametrize("way", [by_action, by_api, by_bulk, by_plan, by_page])
def test_completing_anywhere_is_the_same(api_as, page_as, alice, way):
    client = page_as(alice) if way is by_page else api_as(alice)
    due = date(2999, 1, 2)  # a future date, so that the real day doesn't matter
    task = repeating(alice, due_date=due)
    step = repeating(alice, due_date=due, parent_id=task.pk)

    way(client, step)
    way(client, task)

    upcoming = Task.objects.get(series=task.series, occurrence=2)
    assert upcoming.due_date == due + 7 * DAY
    assert open_step(upcoming).due_date == due + 7 * DAY
    assert Task.objects.completed().count() == 2


# --- Undo and reopening -----------------------------------------------------------


def test_undo_restores_the_task_and_its_waiting_step(alice):
    task = repeating(alice)
    complete(repeating(alice, parent_id=task.pk))
    before = snapshots_of(alice)
    complete(task)
    after = snapshots_of(alice)

    undone = actions.undo(caller_of(alice, NOON))
    assert snapshots_of(alice) == before

    actions.undo(caller_of(alice, NOON), batch_id=undone.batch)
    assert snapshots_of(alice) == after


def test_reopening_gives_the_waiting_step_back(alice):
    task = repeating(alice)
    complete(repeating(alice, parent_id=task.pk, labels=["home"]))
    before = snapshots_of(alice)
    complete(task)

    reopen(task)
    assert snapshots_of(alice) == before

    upcoming = complete(task)
    assert open_step(upcoming).due_date == TODAY + 7 * DAY
    assert Task.objects.open().count() == 2


def test_reopening_the_task_and_then_its_step_restores_both(alice):
    task = repeating(alice)
    step = repeating(alice, parent_id=task.pk)
    before = snapshots_of(alice)
    complete(step)
    complete(task)

    reopen(task)
    reopen(step)

    assert snapshots_of(alice) == before


def test_a_step_comes_again_when_its_task_is_completed_a_second_time(alice):
    task = repeating(alice)
    step = repeating(alice, parent_id=task.pk, due_date=TODAY - 2 * DAY)
    complete(task)
    reopen(task)
    step.refresh_from_db()
    assert step.completed_at is not None  # as every step is that its task completed

    upcoming = complete(task)

    again = open_step(upcoming)
    assert (again.due_date, again.rrule) == (TODAY + 5 * DAY, "FREQ=WEEKLY")
    assert upcoming.steps.count() == 1


def test_a_step_whose_next_occurrence_was_deleted_does_not_come_again(alice):
    task = repeating(alice)
    following = complete(repeating(alice, parent_id=task.pk))
    actions.trash_task(caller_of(alice, NOON), task_id=following.pk)

    assert not complete(task).steps.exists()


def test_a_step_whose_series_has_ended_does_not_come_again(alice):
    task = repeating(alice)
    assert complete(repeating(alice, "FREQ=DAILY;COUNT=1", parent_id=task.pk)) is None

    assert not complete(task).steps.exists()


@pytest.mark.parametrize("touched", ["step", "task"])
def test_reopening_keeps_a_next_occurrence_that_was_changed(alice, touched):
    task = repeating(alice)
    complete(repeating(alice, parent_id=task.pk))
    upcoming = complete(task)
    changed = open_step(upcoming) if touched == "step" else upcoming
    actions.update_task(
        caller_of(alice, NOON + DAY), task_id=changed.pk, changes={"title": "New"}
    )

    reopen(task)

    assert open_step(upcoming).due_date == TODAY + 7 * DAY
    assert not task.steps.open().exists()


def test_many_tasks_are_reopened_with_their_waiting_steps(alice):
    tasks = [repeating(alice) for _ in range(3)]
    for task in tasks[:2]:
        complete(repeating(alice, parent_id=task.pk))
    before = snapshots_of(alice)
    ids = [task.pk for task in tasks]

    for action in ("complete", "reopen"):
        actions.change_tasks(caller_of(alice, NOON), task_ids=ids, action=action)

    assert snapshots_of(alice) == before


@pytest.mark.parametrize("action", ["complete", "reopen"])
def test_many_waiting_steps_take_as_many_statements_as_few(alice, action):
    counts = []
    for count in (2, 12):
        tasks = [repeating(alice) for _ in range(count)]
        for task in tasks:
            complete(repeating(alice, parent_id=task.pk))
        caller, ids = caller_of(alice, NOON), [task.pk for task in tasks]
        if action == "reopen":
            actions.change_tasks(caller, task_ids=ids, action="complete")
        counts.append(
            statements_of(actions.change_tasks, caller, task_ids=ids, action=action)
        )

    assert counts[0] == counts[1]


# --- Skipping the task ------------------------------------------------------------


@pytest.mark.parametrize("days", [-5, 0, 2])
@pytest.mark.parametrize("is_done", [False, True])
def test_skipping_a_task_moves_its_open_steps_along(alice, days, is_done):
    task = repeating(alice)
    step = repeating(alice, due_date=TODAY + days * DAY, parent_id=task.pk)
    if is_done:
        complete(step)

    skipped = skip(task)
    assert open_step(skipped).due_date == skipped.due_date + days * DAY

    upcoming = complete(skipped)
    assert open_step(upcoming).due_date == upcoming.due_date + days * DAY


def test_skipping_moves_dated_steps_and_leaves_completed_ones(alice):
    task = repeating(alice)
    made = {
        title: TaskFactory(owner=alice, parent_id=task.pk, title=title, **fields)
        for title, fields in [
            ("Dated", {"due_date": TODAY - DAY}),
            ("Undated", {}),
            ("Done", {"due_date": TODAY}),
        ]
    }
    complete(made["Done"])

    skip(task)

    found = dict(task.steps.values_list("title", "due_date"))
    assert found == {"Dated": TODAY + 6 * DAY, "Undated": None, "Done": TODAY}
    skipped = Change.objects.owned_by(alice).order_by("-seq")[:2]
    assert {change.entity_id for change in skipped} == {task.pk, made["Dated"].pk}


def test_undo_of_a_skip_moves_the_steps_back(alice):
    task = repeating(alice)
    complete(repeating(alice, parent_id=task.pk))
    repeating(alice, due_date=TODAY + DAY, parent_id=task.pk)
    before = snapshots_of(alice)

    skip(task)
    actions.undo(caller_of(alice, NOON))

    assert snapshots_of(alice) == before


# --- Any order --------------------------------------------------------------------


@settings(max_examples=60)
@given(
    st.integers(-6, 6),
    st.lists(
        st.tuples(
            st.sampled_from(["alone", "together", "skip", "skip task", "reopened"]),
            st.integers(0, 6),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_whatever_is_completed_or_skipped_the_distance_stays(alice, days, rounds):
    """Each round completes or skips one week, completes it up to six days late."""
    Task.objects.filter(owner=alice).delete()
    task = repeating(alice)
    repeating(alice, due_date=TODAY + days * DAY, parent_id=task.pk)

    for how, late in rounds:
        step = open_step(task)
        on = task.due_date + (0 if how == "reopened" else late) * DAY
        if step.due_date > on and how != "together":
            on = step.due_date
        if how in {"alone", "reopened"}:
            complete(step, on=on)
        elif how == "skip":
            skip(step, on=step.due_date)
        if how == "skip task":
            task = skip(task, on=task.due_date)
        else:
            if how == "reopened":
                complete(task, on=on)
                reopen(task)
            task = complete(task, on=on)
        assert open_step(task).due_date == task.due_date + days * DAY
    for each in Task.objects.completed():
        assert each.due_date <= task.due_date


STEP_RULES = ("FREQ=WEEKLY", "FREQ=DAILY", "FREQ=MONTHLY", "FREQ=WEEKLY;COUNT=2")


def act(chance, owner, day):
    """Do something at random to a task or a step of the owner."""
    open_rows = Task.objects.owned_by(owner).open().order_by("pk")
    done = Task.objects.owned_by(owner).completed().filter(parent=None)
    rows = list(open_rows.filter(parent__isnull=chance.choice([True, False])))
    if chance.random() < 0.2 and done.exists():
        reopen(done.latest("pk"))
        return
    with suppress(actions.SeriesEnded, actions.NextExists):
        if rows:
            chance.choice([complete, complete, skip])(chance.choice(rows), on=day)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_undoing_everything_in_turn_restores_every_state(alice, seed):
    chance, day = random.Random(seed), TODAY  # noqa: S311
    task = repeating(alice, chance.choice(STEP_RULES[:3]))
    for _ in range(3):
        due_date = TODAY + chance.randrange(-5, 6) * DAY
        repeating(alice, chance.choice(STEP_RULES), due_date, parent_id=task.pk)
    batches, states = [], [snapshots_of(alice)]

    for _ in range(12):
        day += chance.randrange(5) * DAY
        act(chance, alice, day)
        last = Change.objects.owned_by(alice).latest("seq").batch
        if snapshots_of(alice) != states[-1]:
            batches.append(last)
            states.append(snapshots_of(alice))

    assert len(batches) > 4
    while batches:
        assert snapshots_of(alice) == states.pop()
        actions.undo(caller_of(alice, NOON), batch_id=batches.pop())
    assert snapshots_of(alice) == states.pop()
