"""Completing the name of a list or a label while a line is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict

from accounts.models import User
from todos.limits import LIST_NAME_MAX_LENGTH
from todos.models import Label, TaskList, label_key
from todos.schedule.quick_add import marked

OPTIONS_MAX = 8
# The word that ends where the cursor is. In quotes it can contain spaces.
BEGUN = re.compile(r'(?:^|\s)(([#@])(?:"([^"]*)|([^\s"#@]*)))$')


class Options(TypedDict):
    """The names to choose from. `word` is what was written of them so far."""

    word: str
    names: list[str]
    texts: list[str]  # how to write each of the names in a line


def completions(user: User, before: str) -> Options | None:
    """Return the lists or labels that begin as the word before the cursor.

    None if that word has no marker or is complete, or if there are none.
    """
    # Long enough for every name, and its cost is bounded.
    found = BEGUN.search(before[-LIST_NAME_MAX_LENGTH - 3 :])
    if found is None:
        return None
    word, sign = found[1], found[2]
    begun = found[3] or found[4] or ""
    names = _lists(user, begun) if sign == "#" else _labels(user, begun)
    if not names or label_key(begun) in map(label_key, names):
        return None
    return {"word": word, "names": names, "texts": [marked(sign, n) for n in names]}


def _lists(user: User, begun: str) -> list[str]:
    lists = TaskList.objects.owned_by(user).active().in_order()
    return _best(lists.values_list("name", flat=True), begun)


def _labels(user: User, begun: str) -> list[str]:
    labels = Label.objects.owned_by(user).order_by("key")
    return _best(labels.values_list("name", flat=True), begun)


def _best(names: Iterable[str], begun: str) -> list[str]:
    """Return the names that begin so, then those with a word that begins so."""
    key = label_key(begun)
    ranked: list[tuple[int, str]] = []
    for name in dict.fromkeys(names):
        folded = label_key(name)
        if folded.startswith(key):
            ranked.append((0, name))
        elif f" {key}" in folded:
            ranked.append((1, name))
    ranked.sort(key=lambda pair: pair[0])
    return [name for _, name in ranked[:OPTIONS_MAX]]
