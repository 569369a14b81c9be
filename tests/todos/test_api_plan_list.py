"""`GET /api/{user_id}/tasks`."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from todos import actions

URL = "/api/me/tasks"


@pytest.fixture
def listed(api_as, alice):
    """Return the titles that Alice gets for a query."""
    client = api_as(alice)
    return lambda query="": [task["title"] for task in client.get(URL + query).json()]


def done(task):
    actions.complete_task(caller_of(task.owner, NOON), task_id=task.pk)


def trashed(task):
    actions.trash_task(caller_of(task.owner, NOON), task_id=task.pk)


def test_answers_an_array_of_the_users_tasks(api_as, alice, bob):
    task = TaskFactory(owner=alice, title="Buy milk", notes="Two litres")
    TaskFactory(owner=bob)

    response = api_as(alice).get(f"/api/{alice.pk}/tasks")

    (shown,) = response.json()
    assert response.status_code == 200
    assert shown["id"] == str(task.pk)
    assert shown["description"] == "Two litres"
    assert response["X-Total-Count"] == "1"
    assert "Link" not in response


def test_answers_an_empty_array_to_a_user_without_tasks(api_as, alice):
    response = api_as(alice).get(URL)

    assert response.json() == []
    assert response["X-Total-Count"] == "0"


def test_shows_each_task_as_its_own_route_does(api_as, alice):
    client = api_as(alice)
    due = date(2027, 2, 28)
    TaskFactory(owner=alice, labels=["home"], due_date=due, rrule="FREQ=DAILY")

    (shown,) = client.get(URL).json()

    assert shown == client.get(f"{URL}/{shown['id']}").json()


def test_omits_steps_and_tasks_in_the_trash(listed, alice):
    task = TaskFactory(owner=alice, title="Move house")
    TaskFactory(owner=alice, title="Pack", parent_id=task.pk)
    trashed(TaskFactory(owner=alice, title="Buy boxes"))

    assert listed() == ["Move house"]


def test_shows_tasks_of_every_list(listed, alice):
    TaskFactory(owner=alice, title="In the inbox")
    TaskFactory(owner=alice, title="At work", list_id=TaskListFactory(owner=alice).pk)

    assert sorted(listed()) == ["At work", "In the inbox"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["done", "open"]),
        ("?status=all", ["done", "open"]),
        ("?status=", ["done", "open"]),
        ("?status=pending", ["open"]),
        ("?status=Pending", ["open"]),
        ("?status=incomplete", ["open"]),
        ("?status=INCOMPLETE", ["open"]),
        ("?status=todo", ["open"]),
        ("?status=completed", ["done"]),
        ("?status=COMPLETE", ["done"]),
        ("?status_filter=completed", ["done"]),
        ("?completed=true", ["done"]),
        ("?completed=True", ["done"]),
        ("?completed=false", ["open"]),
        ("?completed=1", ["done"]),
        ("?status=all&completed=0", ["open"]),
    ],
)
def test_filters_by_status(listed, alice, query, titles):
    TaskFactory(owner=alice, title="open")
    done(TaskFactory(owner=alice, title="done"))

    assert sorted(listed(query)) == titles


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("?priority=urgent", ["1"]),
        ("?priority=CRITICAL", ["1"]),
        ("?priority=medium", ["3"]),
        ("?priority=all", ["1", "3"]),
        ("?priority=low", []),
    ],
)
def test_filters_by_priority(listed, alice, query, titles):
    TaskFactory(owner=alice, title="1", priority=1)
    TaskFactory(owner=alice, title="3", priority=3)

    assert sorted(listed(query)) == titles


@pytest.mark.parametrize("name", ["search", "q"])
def test_searches_title_and_description_for_every_word(listed, alice, name):
    TaskFactory(owner=alice, title="Buy MILK", notes="at the corner shop")
    TaskFactory(owner=alice, title="Buy bread")

    assert listed(f"?{name}=milk+Shop") == ["Buy MILK"]
    assert len(listed(f"?{name}=buy")) == 2
    assert len(listed(f"?{name}=")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "?tag=home&tag=shop",
        "?tags=HOME,shop",
        "?tag=home&tags=shop",
        "?tags=,home,shop",
    ],
)
def test_filters_by_tags_that_are_all_there(listed, alice, query):
    TaskFactory(owner=alice, title="both", labels=["Home", "shop"])
    TaskFactory(owner=alice, title="one", labels=["home"])

    assert listed(query) == ["both"]
    assert len(listed("?tag=home")) == 2


def test_does_not_find_by_a_tag_of_another_user(listed, alice, bob):
    TaskFactory(owner=bob, labels=["secret"])
    TaskFactory(owner=alice)

    assert listed("?tag=secret") == []


@pytest.fixture
def four(alice):
    """Four tasks that every order puts differently."""
    for hours, title, priority, due_date in [
        (3, "b", 2, date(2027, 3, 1)),
        (1, "D", 4, None),
        (4, "a", 3, date(2027, 1, 1)),
        (2, "C", 1, date(2027, 2, 1)),
    ]:
        TaskFactory(
            owner=alice,
            title=title,
            priority=priority,
            due_date=due_date,
            at=NOON + timedelta(hours=hours),
        )


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", "abCD"),
        ("?order=asc", "DCba"),
        ("?sort=created", "abCD"),
        ("?sort=created_at&order=asc", "DCba"),
        ("?sort=createdAt&sort_order=ASC", "DCba"),
        ("?sort=updated_at", "abCD"),
        ("?sort=title", "abCD"),
        ("?sort_by=title&order=desc", "DCba"),
        ("?sort=due_date", "aCbD"),
        ("?sort=dueDate&order=desc", "bCaD"),
        ("?sort=priority", "CbaD"),
        ("?sort=priority&order=desc", "DabC"),
    ],
)
def test_sorts_tasks_without_a_date_last(listed, four, query, titles):
    assert "".join(listed(query)) == titles


def test_pages_have_the_total_and_links_to_the_others(api_as, alice, four):
    client = api_as(alice)

    response = client.get(f"{URL}?sort=title&page=2&limit=1")

    links = {
        relation: address
        for address, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', response["Link"])
    }
    assert [task["title"] for task in response.json()] == ["b"]
    assert response["X-Total-Count"] == "4"
    pages = {
        name: QueryDict(link.split("?")[1])["page"] for name, link in links.items()
    }
    assert pages == {
        "first": "1",
        "prev": "1",
        "next": "3",
        "last": "4",
    }
    assert [task["title"] for task in client.get(links["next"]).json()] == ["C"]


def test_first_and_last_page_have_no_link_beyond(api_as, alice, four):
    client = api_as(alice)

    first = client.get(f"{URL}?limit=2")["Link"]
    last = client.get(f"{URL}?limit=2&page=2")["Link"]

    assert 'rel="prev"' not in first
    assert 'rel="next"' in first
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last


def test_a_page_after_the_last_is_empty_and_knows_the_total(api_as, alice, four):
    response = api_as(alice).get(f"{URL}?limit=3&page=9")

    assert response.json() == []
    assert response["X-Total-Count"] == "4"
    assert re.search(r'page=2[^>]*>; rel="prev"', response["Link"])


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("?status=later", "status"),
        ("?status_filter=later", "status"),
        ("?completed=maybe", "completed"),
        ("?priority=9", "priority"),
        ("?sort=password", "sort"),
        ("?sort=owner__email", "sort"),
        ("?sort_by=metadata", "sort"),
        ("?sort=-created_at", "sort"),
        ("?order=sideways", "order"),
        ("?page=0", "page"),
        ("?page=-1", "page"),
        ("?page=x", "page"),
        ("?page=1.5", "page"),
        ("?page=99999999999999999999", "page"),
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?page_size=501", "limit"),
        ("?search=%00", "search"),
        (f"?search={'x' * 201}", "search"),
        ("?tag=%00", "tag"),
        (f"?tags={','.join('abcdefghijklmnopqrstu')}", "tag"),
    ],
)
def test_refuses_a_query_it_does_not_understand(api_as, alice, query, name):
    response = api_as(alice).get(URL + query)

    assert response.status_code == 422
    assert [key.split(".")[0] for key in response.json()["error"]["details"]] == [name]


def test_ignores_parameters_it_does_not_know(listed, alice):
    TaskFactory(owner=alice, title="Buy milk")

    assert listed("?category=errands&_=17&view=trash") == ["Buy milk"]


@pytest.mark.parametrize("count", [1, 60])
def test_takes_two_queries_for_any_number_of_tasks_and_labels(api_as, alice, count):
    for n in range(count):
        TaskFactory(owner=alice, labels=["home", f"tag {n}"])
    client = api_as(alice)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(URL)

    assert len(response.json()) == count
    assert all(len(task["tags"]) == 2 for task in response.json())
    assert len(queries) == 2  # the caller, the tasks


def test_takes_one_query_more_to_count_what_is_on_other_pages(api_as, alice, four):
    client = api_as(alice)

    with CaptureQueriesContext(connection) as queries:
        client.get(f"{URL}?limit=2")

    assert len(queries) == 3
