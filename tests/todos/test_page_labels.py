"""The pages of labels: all of them, the tasks of one, and changing them."""

import pytest
from django.urls import reverse

from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in, assert_does_not_exist, kinds
from todos import actions
from todos.models import Label, Task

LIST = reverse("todos:label-list")
OF_ONE = [
    ("label-detail", "get", {}),
    ("label-menu", "get", {}),
    ("label-update", "post", {"name": "Mine now"}),
    ("label-merge", "post", {"into": "x"}),
    ("label-delete", "post", {}),
]


@pytest.fixture
def phone(alice):
    return actions.create_label(caller_of(alice), name="phone", colour="teal")


def url(name, label):
    return reverse(f"todos:{name}", args=[label.pk])


def names_on(task):
    return Task.objects.with_labels().get(pk=task.pk).label_names


def undo(client, alice):
    client.post(reverse("todos:undo", args=[last_change(alice).batch]))


def test_lists_labels_with_their_open_tasks(page_as, alice, phone):
    TaskFactory(owner=alice, labels=["phone", "Bank"])
    done = TaskFactory(owner=alice, labels=["phone"])
    actions.complete_task(caller_of(alice), task_id=done.pk)

    labels = page_as(alice).get(LIST).context["labels"]

    assert [(one.name, one.open_count) for one in labels] == [("Bank", 1), ("phone", 1)]


def test_says_what_labels_are_for_if_there_are_none(page_as, alice):
    assert "No labels yet" in page_as(alice).get(LIST).content.decode()


def test_creates_a_label(page_as, alice):
    client = page_as(alice)

    response = client.post(LIST, {"name": " Errand "}, follow=True)

    assert alice.labels.get().name == "Errand"
    assert "Label created: Errand" in response.content.decode()
    undo(client, alice)
    assert not alice.labels.exists()


@pytest.mark.parametrize("name", ["", "x" * 51, "a\x00b", "PHONE", "\u0390" * 50])
def test_refuses_bad_names(page_as, alice, phone, name):
    other = actions.create_label(caller_of(alice), name="other")
    client = page_as(alice)

    for path in (LIST, url("label-update", other)):
        response = client.post(path, {"name": name})

        assert list(response.context["form"].errors) == ["name"]
        assert 'id="id_name_error"' in response.content.decode()
    assert {one.name for one in alice.labels.all()} == {"phone", "other"}


def test_shows_the_open_tasks_of_a_label(page_as, alice, phone):
    home = TaskListFactory(owner=alice, name="Home")
    task = TaskFactory(owner=alice, labels=["phone"], list_id=home.pk)
    TaskFactory(owner=alice, labels=["bank"])
    done = TaskFactory(owner=alice, labels=["phone"])
    actions.complete_task(caller_of(alice), task_id=done.pk)

    response = page_as(alice).get(url("label-detail", phone))

    [group] = response.context["groups"]
    [row] = group.rows
    assert (row.task, row.list) == (task, home)
    assert response.context["done_count"] == 1
    assert response.context["quick"]["label"].value() == str(phone.pk)


def test_rows_show_labels_as_links_in_their_colour(page_as, alice, phone):
    TaskFactory(owner=alice, labels=["phone"])

    page = page_as(alice).get(reverse("todos:task-inbox")).content.decode()

    link = (
        f'<a class="label colour-teal" dir="auto" href="{url("label-detail", phone)}"'
    )
    assert link in " ".join(page.split())


def test_renames_and_colours_a_label(page_as, alice, phone):
    task = TaskFactory(owner=alice, labels=["phone"])
    client = page_as(alice)

    assert 'value="phone"' in client.get(url("label-update", phone)).content.decode()
    client.post(url("label-update", phone), {"name": "Calls", "colour": "red"})

    phone.refresh_from_db()
    assert (phone.name, phone.colour, names_on(task)) == ("Calls", "red", ["Calls"])
    undo(client, alice)
    assert names_on(task) == ["phone"]


def test_offers_to_merge_when_the_name_is_taken(page_as, alice, phone):
    call = actions.create_label(caller_of(alice), name="call")

    page = page_as(alice).post(url("label-update", call), {"name": "Phone"})

    merge = f"{url('label-merge', call)}?into={phone.pk}"
    assert merge in page.content.decode()


def test_merges_a_label_into_another(page_as, alice, phone):
    task = TaskFactory(owner=alice, labels=["call"])
    call = alice.labels.get(key="call")
    client = page_as(alice)

    chosen = client.get(url("label-merge", call), {"into": phone.pk})
    assert chosen.context["form"]["into"].value() == str(phone.pk)
    response = client.post(url("label-merge", call), {"into": phone.pk})

    assert response.url == url("label-detail", phone)
    assert names_on(task) == ["phone"]
    assert not Label.objects.filter(pk=call.pk).exists()
    undo(client, alice)
    assert names_on(task) == ["call"]


def test_refuses_to_merge_into_itself_or_into_a_label_of_another_user(
    page_as, alice, bob, phone
):
    theirs = actions.create_label(caller_of(bob), name="theirs")
    client = page_as(alice)

    for into in ("", "abc", phone.pk, theirs.pk):
        response = client.post(url("label-merge", phone), {"into": into})

        assert list(response.context["form"].errors) == ["into"]
    assert kinds(alice) == []


def test_deletes_a_label(page_as, alice, phone):
    task = TaskFactory(owner=alice, labels=["phone"])
    client = page_as(alice)

    assert client.get(url("label-delete", phone)).status_code == 200
    detail = url("label-detail", phone)
    response = client.post(url("label-delete", phone), {"next": detail})

    assert response.url == LIST  # the page of the label is gone
    assert names_on(task) == []
    undo(client, alice)
    assert names_on(task) == ["phone"]


def test_a_label_that_was_deleted_elsewhere_is_explained(page_as, alice, phone):
    actions.delete_label(caller_of(alice), label_id=phone.pk)

    response = page_as(alice).post(
        url("label-update", phone), {"name": "Calls"}, follow=True
    )

    assert "This item no longer exists." in response.content.decode()


@pytest.mark.parametrize(("name", "method", "body"), OF_ONE)
def test_hides_a_label_of_another_user(page_as, bob, phone, name, method, body):
    assert_does_not_exist(
        page_as(bob), f"todos:{name}", phone.pk, method=method, **body
    )
    phone.refresh_from_db()
    assert phone.version == 1


@pytest.mark.parametrize(("name", "method", "body"), OF_ONE)
def test_requires_a_sign_in(client, phone, name, method, body):
    assert asks_to_sign_in(getattr(client, method)(url(name, phone), body))


def test_takes_few_queries(page_as, alice, phone, django_assert_max_num_queries):
    for number in range(10):
        TaskFactory(owner=alice, labels=["phone", f"label {number}"])
    client = page_as(alice)

    with django_assert_max_num_queries(5):
        client.get(LIST)
    with django_assert_max_num_queries(5):
        client.get(url("label-detail", phone))
