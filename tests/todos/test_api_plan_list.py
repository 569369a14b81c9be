"""`GET /api/{user_id}/tasks`."""

import re
from datetime import date, time, timedelta
from uuid import uuid4

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
        ("?is_completed=true", ["done"]),
        ("?isCompleted=false", ["open"]),
        ("?done=1", ["done"]),
        ("?status=in_progress", ["open"]),
        ("?status=in-progress", ["open"]),
        ("?status=In%20Progress", ["open"]),
        ("?status=inProgress", ["open"]),
        ("?status=TO_DO", ["open"]),
        ("?status=to-do", ["open"]),
        ("?status=review", ["open"]),
        ("?status=backlog", ["open"]),
        ("?status=blocked", ["open"]),
        ("?statusFilter=open", ["open"]),
        ("?status=Done", ["done"]),
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
        ("?sort=-created_at", "abCD"),
        ("?sort=%2Bcreated_at", "DCba"),
        ("?sort=+created_at", "DCba"),
        ("?sort=created_date", "abCD"),
        ("?sort=createdDate", "abCD"),
        ("?sort=created_desc", "abCD"),
        ("?sort=created_at_asc", "DCba"),
        ("?sort=CREATED_AT-DESC", "abCD"),
        ("?sort=creationDate&sortDirection=asc", "DCba"),
        ("?sort=title_asc", "abCD"),
        ("?sort=title_desc", "DCba"),
        ("?sort=-title", "DCba"),
        ("?sort=title,desc", "DCba"),
        ("?sort=title%20descending", "DCba"),
        ("?sort=titleDesc", "DCba"),
        ("?sort=name", "abCD"),
        ("?sort=-due_date", "bCaD"),
        ("?sort=dueDate:desc", "bCaD"),
        ("?sort=due-date.asc", "aCbD"),
        ("?sort=-priority", "DabC"),
        ("?sort=priority_desc", "DabC"),
        ("?sort=newest", "abCD"),
        ("?sort=oldest", "DCba"),
        ("?sort=oldest-first", "DCba"),
        ("?order_by=-title", "DCba"),
        ("?ordering=title", "abCD"),
        ("?sortBy=title&sortOrder=desc", "DCba"),
        ("?sort_by=title&sort=desc", "DCba"),
        ("?sort=asc&sortBy=created", "DCba"),
        ("?sort=desc", "abCD"),
        ("?order=descending", "abCD"),
        ("?sort=title_desc&order=desc", "DCba"),
    ],
)
def test_sorts_tasks_without_a_date_last(listed, four, query, titles):
    assert "".join(listed(query)) == titles


@pytest.mark.parametrize("query", ["?sort=title", "?sort=-title", "?sort=priority"])
def test_equal_tasks_are_sorted_newest_first(listed, alice, query):
    for title, notes in [("same", "1"), ("Same", "2"), ("SAME", "3")]:
        at = NOON + timedelta(hours=int(notes) % 3)  # the second is the newest
        TaskFactory(owner=alice, title=title, at=at)

    assert listed(query) == ["Same", "same", "SAME"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [("?sort=due_date", "dcbaf"), ("?sort=-due_date", "abdcf")],
)
def test_tasks_of_one_date_are_sorted_by_their_time(listed, alice, query, titles):
    day = date(2027, 3, 1)
    for number, (title, at) in enumerate(
        [("a", time(17)), ("b", time(9, 30)), ("c", None), ("d", None)]
    ):
        TaskFactory(
            owner=alice,
            title=title,
            due_date=day,
            due_time=at,
            at=NOON + timedelta(hours=number),
        )
    TaskFactory(owner=alice, title="f")

    assert "".join(listed(query)) == titles


def test_the_refusal_of_an_order_names_the_columns_as_they_are_written(api_as, alice):
    response = api_as(alice).get(f"{URL}?sort=metadata")

    assert response.json()["error"]["details"]["sort"] == [
        "Must be one of: created, created_at, createdAt, updated, updated_at,"
        " updatedAt, due, due_date, dueDate, title, priority. For a direction put - in"
        " front, or _asc or _desc behind."
    ]


@pytest.mark.parametrize("name", ["skip", "offset"])
def test_a_page_can_begin_after_a_number_of_tasks(api_as, alice, four, name):
    client = api_as(alice)

    response = client.get(f"{URL}?sort=title&{name}=1&limit=2")

    links = {
        relation: address
        for address, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', response["Link"])
    }
    skipped = {
        relation: QueryDict(link.split("?")[1])[name]
        for relation, link in links.items()
    }
    assert [task["title"] for task in response.json()] == ["b", "C"]
    assert response["X-Total-Count"] == "4"
    assert skipped == {"first": "0", "prev": "0", "next": "3", "last": "3"}
    assert [task["title"] for task in client.get(links["next"]).json()] == ["D"]
    assert client.get(f"{URL}?{name}=4").json() == []
    assert client.get(f"{URL}?{name}=0").headers["X-Total-Count"] == "4"


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
        ("?sort=desc_created", "sort"),
        ("?sort=-", "sort"),
        ("?sort=-created_desc", "sort"),
        ("?sort=created_sideways", "sort"),
        ("?sort=" + "_" * 60 + "title", "sort"),
        ("?sort=-created&order=asc", "order"),
        ("?sort_by=title_desc&sort_order=asc", "order"),
        ("?sort=title&sort_by=created", "sort"),
        ("?status=pending&status_filter=completed", "status"),
        ("?priority=high&priority=low", "priority"),
        ("?status=pending&status=done", "status"),
        ("?page=2&skip=10", "skip"),
        ("?page=1&offset=0", "skip"),
        ("?skip=-1", "skip"),
        ("?offset=x", "skip"),
        ("?skip=99999999999999999999", "skip"),
        ("?_=soon", "_"),
        ("?tag_ids=1,2", "tag_ids"),
        ("?category=errands", "category"),
        ("?category=errands&category=", "category"),
        ("?due_before=2027-01-01", "due_before"),
        ("?view=trash", "view"),
        ("?labels=home", "labels"),
        ("?fields=id", "fields"),
        ("?%00=1", "\x00"),
        (f"?{'x' * 60}=1", "x" * 50),
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


@pytest.mark.parametrize(
    "query",
    [
        "?category=&tag_ids=",
        "?category=all&view=ALL",
        "?_=1796000000000&t=0.4711&timestamp=17",
        "?user_id=me",
        "?status=pending&statusFilter=pending&status=",
    ],
)
def test_ignores_parameters_that_ask_for_nothing(listed, alice, query):
    TaskFactory(owner=alice, title="Buy milk")

    assert listed(query) == ["Buy milk"]


def test_names_the_parameters_that_it_serves(api_as, alice):
    response = api_as(alice).get(f"{URL}?category=errands&tag_ids=7")

    details = response.json()["error"]["details"]
    assert list(details) == ["category", "tag_ids"]
    assert details["category"] == [
        "Unknown parameter. Use: status, completed, priority, search, tag, sort, order,"
        " page, skip, limit."
    ]


def test_names_a_few_of_many_unknown_parameters(api_as, alice):
    query = "&".join(f"x{n}=1" for n in range(1000))

    response = api_as(alice).get(f"{URL}?{query}")

    assert response.status_code == 422
    assert len(response.json()["error"]["details"]) == 10


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "", {"title": "Buy milk"}),
        ("get", "/{id}", None),
        ("put", "/{id}", {"title": "Buy bread"}),
        ("patch", "/{id}", {"title": "Buy bread"}),
        ("delete", "/{id}", None),
        ("patch", "/{id}/complete", None),
        ("patch", "/{id}/toggle", None),
        ("patch", "/{id}/status", {"status": "done"}),
    ],
)
def test_other_requests_have_no_parameters(api_as, alice, method, path, body):
    task = TaskFactory(owner=alice, title="Buy milk")
    client = api_as(alice)
    url = URL + path.format(id=task.pk)

    refused = getattr(client, method)(f"{url}?completed=true", body)
    task.refresh_from_db()

    assert refused.status_code == 422
    assert refused.json()["error"]["details"] == {
        "completed": ["This request has no such parameter."]
    }
    assert (task.title, task.version, alice.tasks.count()) == ("Buy milk", 1, 1)
    assert getattr(client, method)(f"{url}?_=1", body).status_code < 300


@pytest.mark.parametrize("prefix", ["/api/", "/api/me/", "/api/users/me/"])
@pytest.mark.parametrize("name", ["user_id", "userId"])
def test_an_id_in_the_query_must_be_the_callers(
    api_as, alice, bob, prefix, name, django_assert_num_queries
):
    TaskFactory(owner=alice)
    client = api_as(alice)

    own = client.get(f"{prefix}tasks?{name}={alice.pk}")
    answers = set()
    for other in (bob.pk, uuid4(), "x"):
        for method in ("get", "post"):
            with django_assert_num_queries(1):  # the caller
                response = getattr(client, method)(f"{prefix}tasks?{name}={other}")
            answers.add((response.status_code, response.content))

    assert len(own.json()) == 1
    assert {status for status, _ in answers} == {403}
    assert len(answers) == 1
    assert alice.tasks.count() == 1


@pytest.mark.parametrize("count", [1, 60])
def test_takes_one_query_for_any_number_of_tasks_and_labels(api_as, alice, count):
    for n in range(count):
        TaskFactory(owner=alice, labels=["home", f"tag {n}"])
    client = api_as(alice)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(URL)

    assert len(response.json()) == count
    assert all(len(task["tags"]) == 2 for task in response.json())
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=2", 1),
        ("limit=2&page=2", 3),  # the caller, the tasks, the total
    ],
)
def test_counts_what_is_on_other_pages(api_as, alice, four, query, expected):
    client = api_as(alice)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"{URL}?{query}")

    assert response["X-Total-Count"] == "4"
    assert len(queries) == expected
