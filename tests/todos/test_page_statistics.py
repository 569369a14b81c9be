"""Statistics: a heat map of days and a line of weeks, by the user's calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import TaskFactory
from tests.todos.pages import asks_to_sign_in, image_of
from todos.agenda import clock_of
from todos.models import Task
from todos.pages.charts import Bar, bars, heat_map, sparkline

URL = reverse("todos:statistics")


def done(owner, at, **fields):
    task = TaskFactory(owner=owner, **fields)
    Task.objects.filter(pk=task.pk).update(completed_at=at)
    return task


def counted(owner, *, now, since=date(2026, 1, 1)):
    clock = clock_of(owner, now=now)
    tasks = Task.objects.filter(owner=owner)
    return {
        str(day): n for day, n in tasks.completed_by_day(clock, since=since).items()
    }


@pytest.mark.parametrize(
    ("zone", "day_start", "day"),
    [
        ("UTC", 0, "2026-06-10"),
        ("Asia/Kathmandu", 0, "2026-06-11"),  # UTC+05:45
        ("America/Los_Angeles", 0, "2026-06-10"),
        ("UTC", 19, "2026-06-09"),
    ],
)
def test_days_are_those_of_the_user(alice, zone, day_start, day):
    alice.timezone, alice.day_start = zone, day_start
    done(alice, datetime(2026, 6, 10, 18, 16, tzinfo=UTC))

    assert counted(alice, now=datetime(2026, 7, 1, tzinfo=UTC)) == {day: 1}


def test_counts_completed_tasks_but_neither_steps_nor_the_trash(alice, bob):
    at = datetime(2026, 6, 10, 18, tzinfo=UTC)
    task = done(alice, at)
    done(alice, at, parent_id=task.pk)
    trashed = done(alice, at)
    Task.objects.filter(pk=trashed.pk).update(trashed_at=at)
    TaskFactory(owner=alice)
    done(alice, at - timedelta(days=400))
    done(alice, at + timedelta(days=400))
    done(bob, at)

    assert counted(alice, now=at + timedelta(days=1)) == {"2026-06-10": 1}


def test_shows_a_year_of_weeks_that_begin_as_the_user_chose(page_as, alice):
    alice.week_start = "sunday"
    alice.save(update_fields=["week_start"])
    done(alice, timezone.now())
    done(alice, timezone.now() - timedelta(days=30))

    response = page_as(alice).get(URL)

    assert response.context["total"] == 2
    weeks = response.context["weeks"]
    assert len(weeks) == 53
    assert sum(week["total"] for week in weeks) == 2
    chart = image_of(response.context["heat_map"])
    cells = chart.findall(".//rect")
    assert 52 * 7 < len(cells) <= 53 * 7
    assert cells[0].find("title").text.startswith("Sun ")
    assert len([cell for cell in cells if "now" in cell.get("class")]) == 1


def test_can_be_hidden(page_as, alice):
    done(alice, timezone.now())
    browser = page_as(alice)
    assert f'href="{URL}"' in browser.get("/").content.decode()
    alice.show_statistics = False
    alice.save(update_fields=["show_statistics"])

    assert f'href="{URL}"' not in browser.get("/").content.decode()
    page = browser.get(URL).content.decode()
    assert "Statistics are hidden" in page
    assert "heat-map" not in page


def test_says_so_if_nothing_was_completed(page_as, alice, bob):
    done(bob, timezone.now())

    assert "Nothing to count yet" in page_as(alice).get(URL).content.decode()


def test_takes_few_queries(page_as, alice, django_assert_max_num_queries):
    browser = page_as(alice)
    for days in range(30):
        done(alice, timezone.now() - timedelta(days=days))

    with django_assert_max_num_queries(6):
        browser.get(URL)


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


# --- The charts -------------------------------------------------------------------


def test_five_steps_go_from_nothing_to_the_most():
    week = [Bar("Day", "D", value) for value in (0, 1, 5, 6, 10, 15, 20)]

    chart = image_of(heat_map("Title", [week]))

    levels = [rect.get("class")[-1] for rect in chart.findall("rect")]
    assert levels == ["0", "1", "1", "2", "2", "3", "4"]


@pytest.mark.parametrize(
    "chart",
    [
        bars("A & B", [Bar("<Day>", "D", 0), Bar("E", "E", 9, is_now=True)]),
        heat_map("A & B", [[Bar("<Day>", "", 1), None]]),
        sparkline("A & B", [0, 0, 3]),
    ],
)
def test_a_chart_is_an_image_with_a_name_and_no_style(chart):
    image = image_of(chart)

    assert image.get("role") == "img"
    assert image.find("title").get("id") == image.get("aria-labelledby")
    assert image.find("title").text == "A & B"
    assert "style" not in chart
