"""Where users continue after a change of a row: at this row, or at the next one.

`next` contains the page and the row after the changed one, such as
`/inbox/?upto=100#task-<id>`. If the changed row stays on the page, its own id replaces
the fragment.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urldefrag, urlsplit
from uuid import UUID

from django.urls import Resolver404, ResolverMatch, resolve

BY_HAND = {"todos:task-inbox", "todos:list-detail"}  # pages in the order of the user
SORTS = {"sort", "group"}  # query parameters that replace this order


def at_row(path: str, task_id: UUID) -> str:
    """Return the path with the row of this task as its fragment."""
    return f"{urldefrag(path).url}#task-{task_id}"


def after_due_change(path: str, task_id: UUID, *, due: date | None, today: date) -> str:
    """Return where to continue after a task became due on another day.

    On Today and Upcoming it leaves the page unless its new day is shown there.
    """
    match _name_of(path):
        case "todos:task-today":
            stays = due is not None and due <= today
        case "todos:task-upcoming":
            stays = due is not None and due > today
        case _:
            stays = True
    return at_row(path, task_id) if stays else path


def after_list_change(path: str, task_id: UUID) -> str:
    """Return where to continue after a task moved to another list."""
    leaves = _name_of(path) in BY_HAND
    return path if leaves else at_row(path, task_id)


def is_ordered_by_hand(path: str, *, parent: UUID | None) -> bool:
    """Whether the page shows the task in the order that its owner chose.

    Steps are in this order wherever the details of their task, `parent`, are shown.
    """
    match, query = _match_of(path), parse_qs(urlsplit(path).query)
    if parent is None:
        return _name_of(path) in BY_HAND and not SORTS & query.keys()
    is_own_page = match is not None and match.kwargs.get("pk") == parent
    return is_own_page or query.get("task") == [str(parent)]


def _name_of(path: str) -> str:
    match = _match_of(path)
    return match.view_name if match else ""


def _match_of(path: str) -> ResolverMatch | None:
    try:
        return resolve(urlsplit(path).path)
    except Resolver404:
        return None
