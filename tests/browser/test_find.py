"""Finding tasks in a real browser, with and without JavaScript."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Task


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request, signed_in):
    return signed_in(java_script_enabled=request.param)


def test_finds_a_task_by_a_word_and_a_filter(page, alice):
    TaskFactory(owner=alice, title="Call the bank", priority=1)
    TaskFactory(owner=alice, title="Visit the bank")
    page.goto("/")

    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("BANK")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_text("2 tasks")).to_be_visible()

    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Priority").select_option("Urgent")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("1 task", exact=True)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("BANK")

    page.get_by_role("button", name="Complete: Call the bank").click()
    expect(page).to_have_url(re.compile(r"/search/\?q=BANK"))
    expect(page.get_by_role("button", name="Reopen: Call the bank")).to_be_visible()

    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_text("2 tasks")).to_be_visible()


def test_renames_merges_and_restores_a_label(page, alice):
    task = TaskFactory(owner=alice, title="Ring Bob", labels=["call"])
    actions.create_label(caller_of(alice), name="phone", colour="teal")
    page.goto("/inbox/")

    page.get_by_role("link", name="call", exact=True).click()
    expect(page.get_by_role("heading", name="call")).to_be_visible()
    page.get_by_role("link", name="More: call").click()
    page.get_by_role("link", name="Name and colour").click()
    page.get_by_label("Name").fill("Phone")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Merge this label into “phone”").click()
    page.get_by_role("button", name="Merge").click()

    expect(page.get_by_role("heading", name="phone")).to_be_visible()
    expect(page.get_by_role("link", name="Ring Bob", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert Task.objects.with_labels().get(pk=task.pk).label_names == ["call"]


def test_sorts_a_list_and_shows_its_completed_tasks(page, alice):
    home = TaskListFactory(owner=alice, name="Home")
    for title in ("bread", "apple"):
        TaskFactory(owner=alice, list_id=home.pk, title=title)
    done = TaskFactory(owner=alice, list_id=home.pk, title="done before")
    actions.complete_task(caller_of(alice), task_id=done.pk)
    page.goto(reverse("todos:list-detail", args=[home.pk]))

    page.get_by_role("link", name="More: Home").click()
    page.locator("#menu-sort > summary").click()
    page.get_by_role("link", name="By title").click()
    titles = page.locator("main .title")
    expect(titles).to_have_text(["apple", "bread"])
    page.get_by_role("link", name="Show completed (1)").click()
    expect(titles).to_have_text(["apple", "bread", "done before"])

    navigation = page.get_by_role("navigation", name="Main")
    navigation.get_by_role("link", name="Inbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    navigation.get_by_role("link", name="Home").click()
    expect(titles).to_have_text(["apple", "bread"])
    page.get_by_role("link", name="Reset").click()
    expect(titles).to_have_text(["bread", "apple"])
