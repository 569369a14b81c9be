"""Sorting, grouping and completed tasks of a list, its menu, and lists of one name."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.pages import arranging


@pytest.fixture
def home(alice):
    return TaskListFactory(owner=alice, name="Home")


@pytest.fixture
def url(home):
    return reverse("todos:list-detail", args=[home.pk])


@pytest.fixture
def add(alice, home):
    """Add a task to the list; `days` from today it is due."""
    today = timezone.now().astimezone(alice.zone).date()

    def add_task(title, *, days=None, **fields):
        due = None if days is None else today + timedelta(days)
        return TaskFactory(
            owner=alice, list_id=home.pk, title=title, due_date=due, **fields
        )

    return add_task


@pytest.fixture
def shown(page_as, alice, url):
    """Return the headings and titles of the list's page."""
    client = page_as(alice)

    def groups(**query):
        response = client.get(url, query)
        return [
            (group.heading, [row.task.title for row in group.rows])
            for group in response.context["groups"]
        ]

    return groups


def test_sorts_a_list(add, shown):
    add("bread", days=2, priority=4)
    add("Éclair", priority=1)
    add("apple", days=1)

    assert shown() == [("", ["bread", "Éclair", "apple"])]
    assert shown(sort="due") == [("", ["apple", "bread", "Éclair"])]
    assert shown(sort="priority") == [("", ["Éclair", "apple", "bread"])]
    assert shown(sort="created") == [("", ["apple", "Éclair", "bread"])]
    assert shown(sort="title") == [("", ["apple", "bread", "Éclair"])]


def test_groups_a_list(add, shown):
    add("late", days=-3, labels=["Zoo"])
    add("now", days=0, priority=1, labels=["bank", "Zoo"])
    add("next", days=1)
    add("soon", days=6)
    add("later", days=7)
    add("some day", labels=["zoo"])

    assert shown(group="due") == [
        ("Overdue", ["late"]),
        ("Today", ["now"]),
        ("Tomorrow", ["next"]),
        ("Next 7 days", ["soon"]),
        ("Later", ["later"]),
        ("No date", ["some day"]),
    ]
    assert shown(group="priority") == [
        ("Urgent", ["now"]),
        ("Medium", ["late", "next", "soon", "later", "some day"]),
    ]
    assert shown(group="label", sort="title") == [
        ("bank", ["now"]),
        ("Zoo", ["late", "some day"]),
        ("No label", ["later", "next", "soon"]),
    ]


def test_remembers_how_a_list_was_arranged(page_as, alice, url):
    other = TaskListFactory(owner=alice)
    client = page_as(alice)
    client.get(url, {"sort": "due", "group": "priority"})

    page = client.get(url)
    assert page.context["here"] == f"{url}?sort=due&group=priority"
    assert "Sorted by due date, grouped by priority" in page.content.decode()
    elsewhere = client.get(reverse("todos:list-detail", args=[other.pk]))
    assert not elsewhere.context["is_arranged"]
    reset = client.get(page.context["usual_url"])
    assert reset.context["here"] == client.get(url).context["here"] == url


def test_remembers_a_limited_number_of_arrangements(page_as, alice, monkeypatch):
    monkeypatch.setattr(arranging, "REMEMBERED_MAX", 2)
    lists = TaskListFactory.create_batch(3, owner=alice)
    client = page_as(alice)

    for own in lists:
        client.get(reverse("todos:list-detail", args=[own.pk]), {"sort": "due"})

    kept = client.session[arranging.SESSION_KEY]
    assert [*kept] == [str(own.pk) for own in lists[1:]]


@pytest.mark.parametrize("value", ["", "x", "\x00", "due" * 1000])
def test_ignores_an_unknown_arrangement(add, shown, value):
    add("bread")

    assert shown(sort=value, group=value, done=value) == [("", ["bread"])]


def test_shows_completed_tasks_on_request(add, shown, page_as, alice, url):
    now = timezone.now()
    add("open")
    for title, hours in (("first", 2), ("last", 1)):
        task = add(title)
        done_at = now - timedelta(hours=hours)
        actions.complete_task(caller_of(alice, done_at), task_id=task.pk)

    page = page_as(alice).get(url)
    assert "Show completed (2)" in page.content.decode()
    assert page.context["done_url"] == f"{url}?done=1"
    assert shown() == [("", ["open"])]
    assert shown(done="1") == [("", ["open"]), ("Completed", ["last", "first"])]


def test_offers_no_completed_tasks_if_there_are_none(page_as, alice, url):
    assert "Show completed" not in page_as(alice).get(url).content.decode()


def test_completed_tasks_of_an_empty_list_are_counted(add, page_as, alice, url):
    actions.complete_task(caller_of(alice), task_id=add("done").pk)

    assert "Show completed (1)" in page_as(alice).get(url).content.decode()


def test_the_inbox_is_arranged_too(page_as, alice):
    TaskFactory(owner=alice, title="bread")
    TaskFactory(owner=alice, title="apple")

    page = page_as(alice).get(reverse("todos:task-inbox"), {"sort": "title"})

    [group] = page.context["groups"]
    assert [row.task.title for row in group.rows] == ["apple", "bread"]


def test_takes_few_queries(add, page_as, alice, url, django_assert_max_num_queries):
    for number in range(10):
        add(f"task {number}", labels=[f"label {number}"], days=number)
    actions.complete_task(caller_of(alice), task_id=add("done").pk)
    client = page_as(alice)
    client.get(url, {"sort": "due", "group": "label"})

    with django_assert_max_num_queries(5):
        client.get(url, {"done": "1"})


def test_the_menu_says_in_words_what_can_be_done(page_as, alice, home, url):
    client = page_as(alice)
    client.get(url, {"sort": "due"})

    page = client.get(reverse("todos:list-menu", args=[home.pk]))

    text = " ".join(page.content.decode().split())
    assert 'id="popover-content"' in text
    for words in ("Name and colour", "Archive", "Delete…", "Completed tasks"):
        assert words in text
    assert f'href="{url}?sort=due" aria-current="true"' in text


def test_the_menu_of_the_inbox_has_no_changes_of_the_list(page_as, alice):
    inbox = alice.task_lists.get(is_inbox=True)

    page = page_as(alice).get(reverse("todos:list-menu", args=[inbox.pk]))

    text = page.content.decode()
    assert "By creation" in text
    assert "Delete…" not in text
    assert "Archive" not in text


def test_warns_of_a_second_list_with_the_same_name(page_as, alice, home):
    client = page_as(alice)
    new = reverse("todos:list-create")
    form = {"name": "home", "colour": "grey"}

    response = client.post(new, form)

    text = "There is already a list named Home."
    assert text in str(response.context["form"].errors["name"])
    again = form | {"same_name": response.context["form"]["same_name"].value()}
    assert client.post(new, again | {"name": "Inbox"}).status_code == 200
    assert client.post(new, again).status_code == 303
    assert alice.task_lists.filter(is_inbox=False).count() == 2


def test_a_list_keeps_its_own_name(page_as, alice, home):
    other = TaskListFactory(owner=alice, name="Flat")
    client = page_as(alice)
    edit = reverse("todos:list-update", args=[home.pk])

    assert client.post(edit, {"name": "HOME", "colour": "red"}).status_code == 303
    taken = client.post(edit, {"name": other.name, "colour": "red"})
    assert list(taken.context["form"].errors) == ["name"]
