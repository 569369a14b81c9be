"""The details of a task, beside its list and as a page, and its steps."""

import re
from datetime import date, time

import pytest
from django.urls import reverse

from config.api.fields import field_names
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, details_of, sent
from todos import actions
from todos.api.serializers.tasks import TaskSerializer
from todos.models import Task
from todos.pages.details import PROPERTIES
from todos.pages.forms import StepForm
from todos.task_fields import BY_COLUMN


def add_step(client, task, text, **more):
    url = reverse("todos:task-add-step", args=[task.pk])
    return client.post(url, {"text": text} | more)


# --- The fields of the forms and of the API ---------------------------------------


def test_every_field_of_a_form_is_a_field_of_the_api_and_the_other_way_round():
    writable = {
        name
        for name in field_names(TaskSerializer)
        if not TaskSerializer().fields[name].read_only
    }
    members = {
        member for form in PROPERTIES.values() for member in form.members.values()
    }

    assert members == writable
    for form in PROPERTIES.values():
        assert form.members.keys() == form.base_fields.keys(), form


@pytest.mark.django_db
def test_forms_change_only_columns_that_the_api_shows(page_as, alice):
    task = TaskFactory(
        owner=alice,
        labels=["a"],
        due_date=date(2027, 1, 5),
        due_time=time(9),
        rrule="FREQ=DAILY",
    )

    for name, form in details_of(page_as(alice), task).forms.items():
        bound = type(form)(
            sent(form),
            task=task,
            user=alice,
            clock=form.clock,
            lists=form.lists,
        )
        assert bound.is_valid(), (name, bound.errors)
        for column in bound.as_changes():
            field = BY_COLUMN["label_names" if column == "labels" else column]
            assert field.shown, (name, column)


# --- Beside the list, and alone ---------------------------------------------------


@pytest.mark.parametrize("path", ["/inbox/?task={}", "/?task={}", "/tasks/{}/"])
def test_loads_a_task_with_many_steps_with_few_queries(
    page_as, alice, path, django_assert_max_num_queries
):
    for number in range(3):
        actions.create_label(caller_of(alice), name=f"label {number}")
    task = TaskFactory(
        owner=alice,
        title="Plan",
        notes="Much",
        labels=["a", "b"],
        due_date=date(2020, 1, 5),
        due_time=time(9),
        reminder_minutes=5,
        rrule="FREQ=DAILY",
    )
    steps = TaskFactory.create_batch(20, owner=alice, parent_id=task.pk)
    actions.complete_task(caller_of(alice), task_id=steps[0].pk)
    client = page_as(alice)

    with django_assert_max_num_queries(6):
        page = client.get(path.format(task.pk))

    details = page.context["details"]
    assert (len(details.steps), len(details.done)) == (19, 1)
    assert details.task.notes == "Much"
    assert [chip.name for chip in details.labels] == ["a", "b"]
    assert details.other_labels == ["label 0", "label 1", "label 2"]
    assert 'id="details"' in page.content.decode()


@pytest.mark.parametrize("key", ["", "x", str(ABSENT), "<bob's>", "9" * 99, "%00"])
def test_a_list_ignores_a_task_that_the_user_does_not_have(page_as, alice, bob, key):
    TaskFactory(owner=alice, title="Buy milk")
    key = key.replace("<bob's>", str(TaskFactory(owner=bob, title="Secret").pk))

    page = page_as(alice).get(f"/inbox/?task={key}")

    assert page.status_code == 200
    assert page.context["details"] is None
    assert "Secret" not in page.content.decode()


def test_hides_the_pages_of_another_users_task(page_as, alice, bob):
    task, client = TaskFactory(owner=alice), page_as(bob)
    change = alice.changes.get(entity_id=task.pk).pk
    for name, *of in (
        ("task-detail",),
        ("task-set", "notes"),
        ("task-add-step",),
        ("task-history",),
        ("task-bring-back", change),
    ):
        pages = [
            client.get(reverse(f"todos:{name}", args=[pk, *of]))
            for pk in (task.pk, ABSENT)
        ]
        assert [page.status_code for page in pages] == [404, 404], name
        assert pages[0].content == pages[1].content, name
    assert add_step(client, task, "Mine").status_code == 404
    for pk in (task.pk, ABSENT):
        url = reverse("todos:task-bring-back", args=[pk, change])
        assert client.post(url).status_code == 404


def test_a_step_links_to_its_task(page_as, alice):
    task = TaskFactory(owner=alice, title="Shopping")
    step = TaskFactory(owner=alice, title="Dish soap", parent_id=task.pk)

    page = page_as(alice).get(f"/inbox/?task={step.pk}")

    details = page.context["details"]
    assert details.parent_title == "Shopping"
    assert details.parent_link == f"/inbox/?task={task.pk}"
    assert 'id="details-step"' not in page.content.decode()


def test_a_completed_task_says_when_and_can_be_reopened(page_as, alice):
    task = TaskFactory(owner=alice)
    actions.complete_task(caller_of(alice), task_id=task.pk)

    page = page_as(alice).get(f"/completed/?task={task.pk}").content.decode()

    assert "Completed Today" in page
    assert reverse("todos:task-reopen", args=[task.pk]) in page


def test_a_task_in_the_trash_is_shown_without_fields(page_as, alice):
    task = TaskFactory(owner=alice, title="Old", notes="Much", priority=1)
    TaskFactory(owner=alice, title="Its step", parent_id=task.pk)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    page = page_as(alice).get(f"/trash/?task={task.pk}").content.decode()

    assert "in the trash, for 30 more days" in page
    assert "Its step" in page
    assert "Urgent" in page
    assert "data-autosubmit" not in page


def test_offers_all_time_zones_only_on_request(page_as, alice):
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 5), due_time=time(9))
    client = page_as(alice)

    page = client.get(f"/inbox/?task={task.pk}")
    assert "Pacific/Apia" not in page.content.decode()
    page = client.get(page.context["details"].editing + "due_tz")

    assert '<option value="Pacific/Apia">' in page.content.decode()


def test_the_page_of_a_task_has_its_title(page_as, alice):
    task = TaskFactory(owner=alice, title="Buy <milk>")

    page = page_as(alice).get(reverse("todos:task-detail", args=[task.pk]))

    assert "<title>Buy &lt;milk&gt; · Ownlist</title>" in page.content.decode()


def test_links_back_to_the_list_of_the_task(page_as, alice):
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    url = reverse("todos:task-detail", args=[task.pk])
    client = page_as(alice)

    there = client.get(url).context["details"].closed
    asked = client.get(url, {"next": "/upcoming/?x=1"}).context["details"].closed

    assert there == reverse("todos:list-detail", args=[home.pk])
    assert asked == "/upcoming/?x=1"


# --- Steps ------------------------------------------------------------------------


def test_adds_a_step_from_a_line_of_quick_add(page_as, alice):
    task, client = TaskFactory(owner=alice), page_as(alice)
    here = f"/inbox/?task={task.pk}#details-step"

    response = add_step(client, task, "Dish soap #kitchen 2027-01-05 p1", next=here)

    step = Task.objects.get(parent=task)
    assert response.url == here
    assert (step.title, step.due_date) == ("Dish soap #kitchen", date(2027, 1, 5))
    assert step.priority == 1
    page = client.get(here).content.decode()
    assert "Step added: Dish soap" in page
    assert 'action="/undo/' in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write what to do."),
        ("x" * 501, "Use at most 500 characters in the title."),
        ("a\x00b", "Remove the character"),
    ],
)
def test_shows_a_step_again_that_can_not_be_added(page_as, alice, text, message):
    task = TaskFactory(owner=alice)

    page = add_step(page_as(alice), task, text)

    assert page.status_code == 200
    assert message in page.content.decode()
    assert page.context["details"].step_form["text"].value() == text
    assert not Task.objects.filter(parent=task).exists()


def test_refuses_more_steps_than_a_task_can_have(page_as, alice, monkeypatch):
    task = TaskFactory(owner=alice)
    monkeypatch.setattr("todos.actions.steps.STEPS_MAX", 0)

    page = add_step(page_as(alice), task, "One more").content.decode()

    assert "A task can have at most" in page
    assert 'value="One more"' in page


def test_shows_the_first_open_steps_and_a_link_to_more(page_as, alice):
    task, client = TaskFactory(owner=alice), page_as(alice)
    now = task.created_at
    Task.objects.bulk_create(
        Task(
            owner=alice,
            list_id=task.list_id,
            parent=task,
            title=f"Step {number}",
            position=number,
            completed_at=None if number % 5 else now,
        )
        for number in range(200)
    )

    page = client.get(f"/inbox/?task={task.pk}")

    details = page.context["details"]
    assert (len(details.steps), len(details.done)) == (100, 0)
    assert details.steps_text == "40 of 200 done"
    assert "Show more steps" in page.content.decode()
    assert len(page.content) < 250_000
    details = client.get(details.all_steps).context["details"]
    assert (len(details.steps), len(details.done)) == (160, 40)
    assert not details.has_more_steps


def test_a_step_is_renamed_in_its_place(page_as, alice):
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, title="Dish soap", parent_id=task.pk)
    client = page_as(alice)
    page = client.get(f"/inbox/?task={task.pk}&edit={step.pk}")

    found = re.search(r'<form class="step-rename".*?</form>', page.text, re.DOTALL)
    assert "Dish soap</textarea>" in found[0]
    [row] = page.context["details"].steps
    url = reverse("todos:task-set", args=[step.pk, "title"])
    response = client.post(
        url, sent(row.title_form, title="Soap", next=f"/inbox/?task={task.pk}#step-1")
    )

    assert response.url == f"/inbox/?task={task.pk}#step-1"
    assert Task.objects.get(pk=step.pk).title == "Soap"


def test_ticking_a_step_goes_on_with_the_next_one(page_as, alice):
    task = TaskFactory(owner=alice)
    first, second = TaskFactory.create_batch(2, owner=alice, parent_id=task.pk)

    steps = details_of(page_as(alice), task).steps

    assert [row.following for row in steps] == [f"step-{second.pk}", "details-step"]
    assert steps[0].onward.endswith(f"%23step-{second.pk}")
    assert steps[0].back.endswith(f"%23step-{first.pk}")


def test_the_line_of_a_step_is_long_enough_for_a_title_with_settings():
    assert StepForm({"text": "x" * 480 + " tomorrow #home p1"}).is_valid()
