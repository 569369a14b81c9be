"""`GET tasks`: what it shows, in which order, page by page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Task

URL = "/api/v1/tasks"


@pytest.fixture
def get(api_as, alice):
    """Ask for Alice's tasks and return the titles, or the whole body."""
    client = api_as(alice)

    def ask(**query):
        response = client.get(URL, query)
        assert response.status_code == 200, response.content
        return [row["title"] for row in response.json()["results"]]

    ask.client = client
    return ask


@pytest.fixture
def make(alice):
    def make(title, **fields):
        return TaskFactory(owner=alice, title=title, **fields)

    return make


def day(offset):
    """Return a date as many days from today, which for Alice is a day of UTC."""
    return timezone.now().date() + timedelta(days=offset)


def test_shows_the_callers_open_tasks_by_place(get, make, bob):
    make("One")
    make("Two")
    TaskFactory(owner=bob, title="Bob's")

    assert get() == ["One", "Two"]


def test_requires_a_credential(api, db):
    response = api.get(URL)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_rejects_other_methods(get, make, method):
    make("One")

    response = getattr(get.client, method)(URL)

    assert response.status_code == 405
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert Task.objects.open().count() == 1


@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(get, suffix):
    assert get.client.get(URL + suffix).status_code == 200
    assert get.client.post(URL + suffix, {"title": "One"}).status_code == 201


# --- Cost -------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize(
    ("view", "queries"),
    [
        ("open", 2),
        ("inbox", 2),
        ("completed", 2),
        ("trash", 2),
        ("all", 2),
        # One more: which zones the due times are fixed to.
        ("today", 3),
        ("overdue", 3),
        ("upcoming", 3),
    ],
)
def test_the_number_of_queries_of_each_view_is_constant(
    get, alice, view, queries, count, django_assert_num_queries
):
    today = timezone.now().date()
    for number in range(count):
        days = [-3, 0, 3][number % 3]
        task = TaskFactory(
            owner=alice, labels=["home"], due_date=today + timedelta(days=days)
        )
        TaskFactory(owner=alice, parent_id=task.pk)

    with django_assert_num_queries(queries):
        get(view=view)


@pytest.mark.parametrize("count", [1, 60])
def test_always_takes_two_queries(get, alice, count, django_assert_num_queries):
    TaskFactory.create_batch(count, owner=alice, labels=["home", "garden"])

    with django_assert_num_queries(2):
        response = get.client.get(URL, {"page_size": 50})

    rows = response.json()["results"]
    assert len(rows) == min(count, 50)
    assert rows[0]["labels"] == ["garden", "home"]


def test_the_first_page_takes_one_query(get, make, alice, django_assert_num_queries):
    step_of = make("Pack", labels=["home", "garden"])
    make("Passport", parent_id=step_of.pk, completed_at=timezone.now())
    make("Tickets", parent_id=step_of.pk)

    with django_assert_num_queries(1):
        response = get.client.get(URL)

    (task,) = response.json()["results"]
    assert task["labels"] == ["garden", "home"]
    assert (task["steps_total"], task["steps_done"]) == (2, 1)


# --- Views ------------------------------------------------------------------------


@pytest.fixture
def lifelike(make, alice):
    """One task for each state that the views distinguish."""
    from todos import actions

    caller = caller_of(alice)
    own = TaskListFactory(owner=alice)
    archived = TaskListFactory(owner=alice)
    make("overdue", due_date=day(-1))
    make("due today", due_date=day(0))
    make("due tomorrow", due_date=day(1))
    make("someday", list_id=own.pk)
    make("put away", list_id=archived.pk)
    actions.complete_task(caller, task_id=make("done").pk)
    actions.trash_task(caller, task_id=make("thrown away").pk)
    actions.update_list(
        caller, list_id=archived.pk, changes={"archived_at": timezone.now()}
    )


@pytest.mark.parametrize(
    ("view", "titles"),
    [
        ("open", {"overdue", "due today", "due tomorrow", "someday"}),
        ("inbox", {"overdue", "due today", "due tomorrow"}),
        ("today", {"overdue", "due today"}),
        ("overdue", {"overdue"}),
        ("upcoming", {"due tomorrow"}),
        ("completed", {"done"}),
        ("trash", {"thrown away"}),
        (
            "all",
            {"overdue", "due today", "due tomorrow", "someday", "put away", "done"},
        ),
    ],
)
def test_a_view_shows_its_tasks(get, lifelike, view, titles):
    assert set(get(view=view)) == titles


def test_today_is_a_date_in_the_users_time_zone(get, make, alice):
    alice.timezone = "Pacific/Kiritimati"  # 14 hours ahead, so often tomorrow
    alice.save()
    there = timezone.now().astimezone(alice.zone).date()
    make("due there", due_date=there)
    make("due later there", due_date=there + timedelta(days=1))

    assert get(view="today") == ["due there"]


# --- Filters ----------------------------------------------------------------------


def test_filters_by_any_of_several_lists(get, make, alice):
    one, two, three = TaskListFactory.create_batch(3, owner=alice)
    make("in one", list_id=one.pk)
    make("in two", list_id=two.pk)
    make("in three", list_id=three.pk)

    assert get(list=[str(one.pk), str(two.pk)]) == ["in one", "in two"]


def test_filters_by_all_of_several_labels_in_any_case(get, make):
    make("both", labels=["home", "urgent"])
    make("one", labels=["home"])
    make("none")

    assert get(label="HOME") == ["both", "one"]
    assert get(label=["home", "urgent"]) == ["both"]
    assert get(label="unknown") == []


def test_filters_by_priority(get, make):
    make("urgent", priority=1)
    make("usual")

    assert get(priority=1) == ["urgent"]


def test_filters_by_parent(get, make):
    parent = make("parent")
    make("step", parent_id=parent.pk)

    assert get(parent=str(parent.pk)) == ["step"]


def test_due_after_is_inclusive_and_due_before_exclusive(get, make):
    for date in ("2027-01-01", "2027-01-02", "2027-01-03"):
        make(date, due_date=date)
    make("never")

    assert get(due_after="2027-01-02") == ["2027-01-02", "2027-01-03"]
    assert get(due_before="2027-01-02") == ["2027-01-01"]
    assert get(due_after="2027-01-02", due_before="2027-01-03") == ["2027-01-02"]


def test_finds_every_word_in_title_or_notes_in_any_case(get, make):
    make("Buy milk", notes="and BREAD")
    make("Buy bread")
    make("50% off_now")

    assert get(q="bread BUY") == ["Buy milk", "Buy bread"]
    assert get(q="milk bread") == ["Buy milk"]
    assert get(q="%") == ["50% off_now"]
    assert get(q="f_n") == ["50% off_now"]
    assert get(q="o_f") == []


def test_an_empty_parameter_is_ignored(get, make):
    make("One")

    assert get(q="", due_after="", list="", cursor="") == ["One"]


# --- Order and pages --------------------------------------------------------------

ORDERINGS = [
    "due_date",
    "priority",
    "title",
    "position",
    "created_at",
    "updated_at",
    "completed_at",
]


@pytest.fixture
def varied(alice):
    """Seven tasks with equal values, different values and none for each ordering."""
    now = timezone.now()
    rows = [
        # title, priority, due, minutes since completion
        ("beta", 1, "2027-01-02", 5),
        ("alpha", 2, None, None),
        ("gamma", 2, "2027-01-01", 9),
        ("alpha", 3, "2027-01-01", None),
        ("under", 1, None, 5),
        ("delta", 4, "2027-01-03", 1),
        ("zeta", 3, None, None),
    ]
    for number, (title, priority, due, minutes) in enumerate(rows):
        task = TaskFactory(owner=alice, title=title, priority=priority, due_date=due)
        at = now + timedelta(seconds=number // 2)
        done = minutes and now - timedelta(minutes=minutes)
        Task.objects.filter(pk=task.pk).update(
            created_at=at, updated_at=at, position=number // 2, completed_at=done
        )


def walk(client, address):
    """Follow `next` to the end, then `previous` back; return both ways' pages."""
    forwards = []
    while address:
        body = client.get(address).json()
        forwards.append([row["id"] for row in body["results"]])
        last, address = body, body["next"]
    backwards = [[row["id"] for row in last["results"]]]
    while last["previous"]:
        last = client.get(last["previous"]).json()
        backwards.insert(0, [row["id"] for row in last["results"]])
    return forwards, backwards


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("name", ORDERINGS)
@pytest.mark.parametrize("size", [2, 3])
def test_pages_show_every_row_once_in_order_both_ways(get, varied, name, sign, size):
    ordering = sign + name
    whole = get.client.get(URL, {"view": "all", "ordering": ordering}).json()["results"]
    values = [row[name] for row in whole if row[name] is not None]

    forwards, backwards = walk(
        get.client, f"{URL}?view=all&ordering={ordering}&page_size={size}"
    )

    assert len(whole) == 7
    # What has no value comes last, whichever way the rest goes.
    assert [row[name] for row in whole][: len(values)] == values
    assert values == sorted(values, reverse=bool(sign))
    assert sum(forwards, []) == [row["id"] for row in whole]
    assert sum(backwards, []) == sum(forwards, [])
    assert all(len(page) == size for page in forwards[:-1])


def test_added_and_removed_rows_do_not_shift_pages(get, make):
    for title in "abcdef":
        make(title)
    first = get.client.get(URL, {"ordering": "title", "page_size": 2}).json()
    make("aa")  # before the cursor
    make("cc")  # after it
    get.client.delete(f"{URL}/{first['results'][1]['id']}")

    second = get.client.get(first["next"]).json()
    third = get.client.get(second["next"]).json()

    assert [row["title"] for row in second["results"]] == ["c", "cc"]
    assert [row["title"] for row in third["results"]] == ["d", "e"]


def test_a_short_list_has_no_other_pages(get, make):
    make("One")

    body = get.client.get(URL).json()

    assert (body["next"], body["previous"]) == (None, None)


def test_an_empty_list_is_a_page(get):
    assert get.client.get(URL).json() == {"next": None, "previous": None, "results": []}


def test_the_next_page_keeps_the_filters(get, make):
    make("plain")
    for title in ("one", "two", "three"):
        make(title, labels=["home"])

    body = get.client.get(URL, {"label": "home", "page_size": 2}).json()
    following = get.client.get(body["next"]).json()

    assert [row["title"] for row in following["results"]] == ["three"]


@pytest.mark.parametrize("letter", ["a", "ß", "\U0001f600", '"', "\\"])
def test_a_page_may_end_with_the_longest_title(get, make, letter):
    for number in range(3):
        make(letter * 499 + str(number))

    forwards, backwards = walk(get.client, f"{URL}?ordering=title&page_size=1")

    assert len(forwards) == 3
    assert forwards == backwards


@pytest.mark.parametrize(("size", "shown"), [(1, 1), (200, 60), (None, 50)])
def test_a_page_has_the_size_that_was_asked_for(get, alice, size, shown):
    TaskFactory.create_batch(60, owner=alice)

    assert len(get(**({"page_size": size} if size else {}))) == shown
