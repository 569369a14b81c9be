"""The notes of a task on its page: rendered as safe HTML."""

import pytest
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import TaskFactory
from tests.todos.test_markdown import VECTORS, Elements
from todos import actions


def page_of(client, task, edit=""):
    return client.get(reverse("todos:task-detail", args=[task.pk]), {"edit": edit})


def test_shows_the_notes_as_markdown(page_as, alice):
    task = TaskFactory(owner=alice, notes="# Milk\n\nThe **green** one.")

    page = page_of(page_as(alice), task)

    assert "<h3>Milk</h3>\n<p>The <strong>green</strong> one.</p>" in page.text


def test_the_form_contains_the_source_of_the_notes(page_as, alice):
    task = TaskFactory(owner=alice, notes="The **green** <one>")

    page = page_of(page_as(alice), task, "notes")

    assert "The **green** &lt;one&gt;</textarea>" in page.text


def test_a_task_without_notes_offers_to_add_some(page_as, alice):
    task = TaskFactory(owner=alice)

    page = page_of(page_as(alice), task)

    assert 'class="notes"' not in page.text
    assert "Add notes" in page.text


def test_the_api_returns_the_source_of_the_notes(api_as, alice):
    task = TaskFactory(owner=alice, notes="The **green** <one>")

    answer = api_as(alice).get(reverse("api:task-detail", args=[task.pk]))

    assert answer.json()["notes"] == "The **green** <one>"


def elements_beside_the_notes(page):
    """Return the elements of the page with their attributes, and the rest."""
    parsed = Elements(page.text)
    own = [(tag, set(attributes)) for tag, attributes in parsed.found if tag != "a"]
    return own, parsed.other


def test_no_attack_in_notes_adds_anything_to_the_page(page_as, alice):
    client = page_as(alice)
    task = TaskFactory(owner=alice, notes="x")
    calm = elements_beside_the_notes(page_of(client, task))
    harmless = {"p", "pre", "code", "blockquote", "ul", "li", "em", "h3"}

    for vector in VECTORS:
        notes = vector.replace("\x00", "").replace("\x01", "")
        actions.update_task(caller_of(alice), task_id=task.pk, changes={"notes": notes})
        page = page_of(client, task)
        elements, other = elements_beside_the_notes(page)
        assert [one for one in elements if one[0] not in harmless] == [
            one for one in calm[0] if one[0] not in harmless
        ]
        assert other == calm[1]
        assert "script-src 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("word", ["unsafe-inline", "unsafe-eval", "http:", "https:"])
def test_the_policy_of_the_page_forbids_inline_scripts(page_as, alice, word):
    page = page_of(page_as(alice), TaskFactory(owner=alice, notes="x"))

    assert word not in page["Content-Security-Policy"]
