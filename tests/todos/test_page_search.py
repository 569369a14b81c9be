"""The search page: what it finds, its filters, and what it says without results."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in
from todos import actions
from todos.limits import SEARCH_MAX_LENGTH

URL = reverse("todos:search")


@pytest.fixture
def search(page_as, alice):
    """Return the titles that a search of Alice finds, in order."""
    client = page_as(alice)

    def titles(**query):
        response = client.get(URL, query)
        assert not response.context["form"].errors
        return [
            row.task.title for group in response.context["groups"] for row in group.rows
        ]

    return titles


def test_finds_titles_notes_and_steps_open_and_completed(search, alice):
    now = timezone.now()
    talk = TaskFactory(owner=alice, title="Prepare the talk")
    TaskFactory(owner=alice, title="Two diagrams for Élodie", parent_id=talk.pk)
    TaskFactory(owner=alice, title="Call the bank", notes="about élodie's card")
    done = TaskFactory(owner=alice, title="Thank ELODIE")
    gone = TaskFactory(owner=alice, title="Elodie in the trash")
    actions.complete_task(caller_of(alice, now), task_id=done.pk)
    actions.trash_task(caller_of(alice, now), task_id=gone.pk)

    assert search(q="elodie") == [
        "Call the bank",
        "Two diagrams for Élodie",
        "Thank ELODIE",
    ]
    assert search(q="Diagrams élodie") == ["Two diagrams for Élodie"]
    assert search(q="elodie", status="completed") == ["Thank ELODIE"]
    assert search(q="elodie", status="trash") == ["Elodie in the trash"]


def test_finds_the_same_as_the_api(search, api_as, alice):
    for title in ("Straße fegen", "STRASSE messen", "Strand", "ﬁnish 100%_x"):
        TaskFactory(owner=alice, title=title)

    for words in ("strasse", "STRAẞE", "100%_", "fin", "stra e"):
        query = {"q": words, "view": "all", "ordering": "-created_at"}
        found = api_as(alice).get("/api/v1/tasks", query).json()["results"]
        assert search(q=words) == [task["title"] for task in found]


def test_filters_by_list_label_and_priority(search, alice):
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, title="One", list_id=home.pk, priority=1)
    TaskFactory(owner=alice, title="Two", labels=["phone"], priority=1)
    phone = alice.labels.get(key="phone")

    assert search(list=home.pk) == ["One"]
    assert search(label=phone.pk) == ["Two"]
    assert search(priority="1") == ["Two", "One"]
    assert search(priority="1", label=phone.pk, list=home.pk) == []


def test_filters_by_date(search, alice):
    today = timezone.now().astimezone(alice.zone).date()
    days = {"Old": -1, "Now": 0, "In six days": 6, "In seven days": 7}
    for title, day in days.items():
        TaskFactory(owner=alice, title=title, due_date=today + timedelta(day))
    TaskFactory(owner=alice, title="Some day")

    assert search(due="overdue") == ["Old"]
    assert search(due="today") == ["Now"]
    assert search(due="week") == ["Now", "In six days"]
    assert search(due="none") == ["Some day"]
    assert search(due="range", due_from=today, due_to=today) == ["Now"]
    assert search(due="range", due_to=today) == ["Old", "Now"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"q": "x" * (SEARCH_MAX_LENGTH + 1)}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": "e" + "\u0301" * 40}, "q"),
        ({"q": "x", "list": "abc"}, "list"),
        ({"q": "x", "list": str(ABSENT)}, "list"),
        ({"q": "x", "label": str(ABSENT)}, "label"),
        ({"q": "x", "priority": "9"}, "priority"),
        ({"q": "x", "due": "soon"}, "due"),
        ({"due": "range", "due_from": "2026-13-01"}, "due_from"),
        ({"due": "range", "due_from": "2026-12-02", "due_to": "2026-12-01"}, "due_to"),
        ({"status": "lost"}, "status"),
    ],
    ids=repr,
)
def test_names_the_field_that_is_wrong(page_as, alice, query, field):
    TaskFactory(owner=alice, title="x")

    response = page_as(alice).get(URL, query)

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert response.context["groups"] == []
    assert f'id="search-{field}_error"' in response.content.decode()


def test_says_what_to_do_when_there_is_nothing(page_as, alice):
    client = page_as(alice)

    assert "Find any task" in client.get(URL).content.decode()
    nothing = client.get(URL, {"q": "  "}).content.decode()
    assert "Find any task" in nothing
    unknown = client.get(URL, {"q": "R&D"}).content.decode()
    assert "Nothing found for “R&amp;D”" in unknown
    assert 'href="/search/?q=R%26D&amp;status=trash"' in unknown
    filtered = client.get(URL, {"q": "R&D", "priority": "1"}).content.decode()
    assert 'href="/search/?q=R%26D">Clear the filters</a>' in filtered


def test_counts_what_it_found(page_as, alice):
    TaskFactory.create_batch(51, owner=alice, title="Buy milk")
    client = page_as(alice)

    assert "50+ tasks" in client.get(URL, {"q": "milk"}).content.decode()
    more = client.get(URL, {"q": "milk", "upto": "100"}).content.decode()
    assert "51 tasks" in more


def test_offers_lists_and_labels_of_the_name(page_as, alice):
    TaskListFactory(owner=alice, name="Garden house")
    TaskFactory(owner=alice, labels=["garden"])

    page = page_as(alice).get(URL, {"q": "gard"})

    assert [row.name for row in page.context["lists"]] == ["Garden house"]
    assert [row.name for row in page.context["labels"]] == ["garden"]


def test_shows_nothing_of_another_user(page_as, alice, bob):
    home = TaskListFactory(owner=alice, name="Surprise")
    TaskFactory(owner=alice, title="Surprise party", labels=["surprise"])
    label = alice.labels.get()
    client = page_as(bob)

    page = client.get(URL, {"q": "surprise"})
    assert (page.context["groups"], page.context["lists"]) == ([], [])
    assert page.context["labels"] == []
    for name, theirs in (("list", home.pk), ("label", label.pk)):
        errors = [
            client.get(URL, {name: key}).context["form"].errors
            for key in (theirs, ABSENT)
        ]
        assert errors[0] == errors[1] != {}


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


def test_takes_few_queries(page_as, alice, django_assert_max_num_queries):
    for number in range(20):
        labels = [f"label {number}"]
        TaskFactory(owner=alice, title="Buy milk", labels=labels, due_tz="")
    client = page_as(alice)

    with django_assert_max_num_queries(5):
        client.get(URL, {"q": "milk", "due": "none", "priority": "3"})
