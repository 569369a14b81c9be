"""The page of the keys says what the markup of the pages says."""

import re

from django.urls import reverse

from tests.factories import TaskFactory
from todos.pages.keys import KEYS


def names_in(text):
    values = re.findall(r'data-(?:key|menu-keys)="([^"]*)"', text)
    return {*values, *(name for value in values for name in value.split())}


def test_every_key_is_in_the_markup_of_a_list(page_as, alice):
    TaskFactory(owner=alice)
    found = names_in(page_as(alice).get("/inbox/").content.decode())

    names = {key.name for keys in KEYS.values() for key in keys}
    # The script walks through the rows, and closes what is open.
    assert names - found <= {"j", "k", "Escape"}


def test_every_key_of_the_row_is_in_its_menu(page_as, alice):
    task = TaskFactory(owner=alice)
    page = page_as(alice)
    row = page.get("/inbox/").content.decode()
    [names] = re.findall(r'data-menu-keys="([^"]*)"', row)

    path = reverse("todos:task-menu", args=[task.pk])
    menu = page.get(path + "?next=/inbox/").content.decode()

    assert set(names.split()) == set(re.findall(r'data-key="([^"]*)"', menu)) & {
        key.name for key in KEYS["On a task"]
    }


def test_shows_the_keys(page_as, alice):
    text = page_as(alice).get("/keys/").content.decode()

    assert "Undo the last change" in text
    assert re.search(r"<kbd>G</kbd>\s*<span[^>]*>then</span>\s*<kbd>T</kbd>", text)
