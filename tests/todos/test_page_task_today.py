import gzip
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.templatetags.counts import counted

URL = reverse("todos:task-today")


def today():
    return timezone.now().date()


def test_shows_what_is_overdue_and_what_is_due_today(page_as, alice):
    TaskFactory(owner=alice, title="Pay the rent", due_date=today() - timedelta(3))
    TaskFactory(owner=alice, title="Buy milk", due_date=today())
    TaskFactory(owner=alice, title="Plan the trip", due_date=today() + timedelta(1))

    response = page_as(alice).get(URL)

    groups = response.context["groups"]
    assert [group.heading for group in groups] == ["Overdue", "Today"]
    assert [row.task.title for group in groups for row in group.rows] == [
        "Pay the rent",
        "Buy milk",
    ]
    assert "Buy milk" in response.content.decode()


def test_shows_a_message_when_nothing_is_due(page_as, alice):
    TaskFactory(owner=alice)
    response = page_as(alice).get(URL)

    assert "Nothing is due today" in response.content.decode()


def test_redirects_visitors_to_the_sign_in_page(client):
    response = client.get(URL)

    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next=/"


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    TaskFactory(owner=alice, title="Buy milk", due_date=today())
    TaskListFactory(owner=alice, name="Secret plans")

    response = page_as(bob).get(URL)

    assert "Buy milk" not in response.content.decode()
    assert "Secret plans" not in response.content.decode()


@pytest.mark.parametrize(
    "query", ["page=abc", "page=-1", "page=99999999999999999999", "page=%00", "%00=%00"]
)
def test_shows_the_nearest_page_for_an_invalid_page_number(page_as, alice, query):
    response = page_as(alice).get(f"{URL}?{query}")

    assert response.status_code == 200


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405


def test_omits_completed_deleted_and_archived_tasks(page_as, alice):
    now = timezone.now()
    caller = caller_of(alice, now)
    archived = TaskListFactory(owner=alice, name="Old flat")
    TaskFactory(owner=alice, due_date=today(), list_id=archived.pk)
    actions.update_list(caller, list_id=archived.pk, changes={"archived_at": now})
    done = TaskFactory(owner=alice, due_date=today())
    actions.complete_task(caller, task_id=done.pk)
    gone = TaskFactory(owner=alice, due_date=today())
    actions.trash_task(caller, task_id=gone.pk)

    response = page_as(alice).get(URL)

    assert response.context["groups"] == []


def test_shows_the_date_in_the_users_time_zone(page_as, alice):
    alice.timezone = "Pacific/Kiritimati"
    alice.save()
    there = datetime.now(UTC) + timedelta(hours=14)

    response = page_as(alice).get(URL)

    assert response.context["today"] == there.date()


def test_the_navigation_counts_the_due_tasks(page_as, alice):
    for day in (-1, 0, 1):
        TaskFactory(owner=alice, due_date=today() + timedelta(day))

    navigation = page_as(alice).get(URL).context["navigation"]

    assert navigation.today_count == 2


@pytest.mark.parametrize(("number", "shown"), [(999, "999"), (1000, "999+")])
def test_the_navigation_shows_no_number_above_999(number, shown):
    assert counted(number) == shown


@pytest.mark.parametrize("count", [1, 60])
def test_runs_at_most_six_queries(page_as, alice, count):
    home = TaskListFactory(owner=alice)
    for _ in range(count):
        TaskFactory(owner=alice, due_date=today(), list_id=home.pk, labels=["phone"])
    client = page_as(alice)

    with CaptureQueriesContext(connection) as queries:
        client.get(URL)

    assert len(queries) <= 6, [query["sql"] for query in queries]


def test_fifty_tasks_fit_into_12_compressed_kilobytes(page_as, alice):
    lists = [TaskListFactory(owner=alice, name=f"A list of {n}") for n in range(8)]
    for n in range(50):
        TaskFactory(
            owner=alice,
            title=f"Write to the landlord about {n}",
            due_date=today() - timedelta(n % 2),
            list_id=lists[n % 8].pk,
            priority=n % 4 + 1,
            labels=["phone"],
        )

    response = page_as(alice).get(URL)

    assert len(response.context["object_list"]) == 50
    assert len(gzip.compress(response.content, compresslevel=6)) <= 12 * 1024


def test_shows_more_than_fifty_tasks_on_request(page_as, alice):
    for _ in range(51):
        TaskFactory(owner=alice, due_date=today())
    client = page_as(alice)

    first, second = client.get(URL), client.get(URL, {"upto": 100})

    assert first.context["count"] == 50
    assert first.context["more"] == "?upto=100"
    assert first.context["navigation"].today_count == 51
    assert second.context["count"] == 51
    assert second.context["more"] == ""


@pytest.mark.parametrize("upto", ["", "0", "-1", "x", "9" * 5000, "１００", "999999"])
def test_shows_fifty_tasks_for_any_other_number(page_as, alice, upto):
    for _ in range(51):
        TaskFactory(owner=alice, due_date=today())

    response = page_as(alice).get(URL, {"upto": upto})

    assert response.context["count"] == 50


def test_links_each_row_to_the_one_below(page_as, alice):
    first = TaskFactory(owner=alice, due_date=today(), priority=1)
    second = TaskFactory(owner=alice, due_date=today(), priority=2)

    page = page_as(alice).get(URL).content.decode()

    assert f'action="/tasks/{first.pk}/complete/?next=/%23task-{second.pk}"' in page
    assert f'action="/tasks/{second.pk}/complete/?next=/%23task-{first.pk}"' in page
    assert f'<li class="task" id="task-{first.pk}">' in page


def test_returns_to_the_row_below(page_as, alice):
    first = TaskFactory(owner=alice, due_date=today(), priority=1)
    second = TaskFactory(owner=alice, due_date=today(), priority=2)
    client = page_as(alice)

    response = client.post(f"/tasks/{first.pk}/complete/?next=/%23task-{second.pk}")

    assert (response.status_code, response.url) == (303, f"/#task-{second.pk}")
