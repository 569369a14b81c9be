"""The page that shows every key, which `static/js/keys.js` reads from the markup."""

from __future__ import annotations

from typing import NamedTuple

from django.views.generic import TemplateView

from todos.pages.mixins import Context, UserPageMixin


class Key(NamedTuple):
    """What a key does. `name` is the value of `data-key` in the markup."""

    name: str
    text: str

    @property
    def presses(self) -> list[list[str]]:
        """The keys to press one after the other, each with those to hold."""
        held = (press.split("+") for press in self.name.split(" "))
        return [[SHOWN.get(key, key) for key in keys] for keys in held]


SHOWN = {"ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc", "k": "K"} | {
    letter: letter.upper() for letter in "abcdefghijlmnopqrstuvwxyz"
}
KEYS = {
    "Anywhere": [
        Key("q", "Add a task"),
        Key("/", "Search"),
        Key("Ctrl+k", "Go to a page, or do something"),
        Key("z", "Undo the last change"),
        Key("Escape", "Close what is open, or leave a field"),
        Key("?", "Show these keys"),
    ],
    "Go to": [
        Key("g t", "Today"),
        Key("g i", "Inbox"),
        Key("g u", "Upcoming"),
        Key("g l", "Labels"),
        Key("g c", "Completed"),
    ],
    "In a list": [
        Key("j", "Next task"),
        Key("k", "Previous task"),
        Key("Enter", "Open the task"),
        Key("x", "Select tasks, or this task"),
    ],
    "On a task": [
        Key("c", "Complete or reopen"),
        Key("d", "Set the date"),
        Key("1", "Urgent"),
        Key("2", "High priority"),
        Key("3", "Medium priority"),
        Key("4", "Low priority"),
        Key("l", "Move to a list"),
        Key("m", "Set labels"),
        Key("s", "Add a step"),
        Key("Shift+ArrowUp", "Move up"),
        Key("Shift+ArrowDown", "Move down"),
        Key("Delete", "Move to the trash"),
    ],
}


class KeysView(UserPageMixin, TemplateView):
    """All keys, in groups."""

    template_name = "todos/keys.html"

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(**kwargs) | {"groups": KEYS}
