"""Tags that show a task as a row of a page.

They compute once what their templates show. A template that read it from the row would
take three times as long: Django tries each attribute as a key first, and each `with`
and `url` costs as much as several variables.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import template
from django.utils.safestring import SafeString

from todos.pages.paths import path_of
from todos.pages.rows import TaskRow, with_task

register = template.Library()

Shown = dict[str, Any]  # by the name in the template


@register.inclusion_tag("todos/_task_row.html")
def task_row(row: TaskRow, current: UUID | None, csrf_input: SafeString) -> Shown:
    """Show a task in a list. `current` is the task whose details are open."""
    task, key, onward = row.task, str(row.task.pk), row.onward
    act = "reopen" if task.is_completed else "complete"
    return _meta(row, onward) | {
        "key": key,
        "title": task.title,
        "is_completed": task.is_completed,
        "is_current": task.pk == current,
        "toggle_url": f"{path_of(f'todos:task-{act}', key)}?next={onward}",
        "menu_url": f"{path_of('todos:task-menu', key)}?next={onward}",
        "link": with_task(row.here, key),
        "parent": row.parent,
        "parent_link": with_task(row.here, task.parent_id) if row.parent else "",
        "preview": row.preview,
        "csrf_input": csrf_input,
    }


@register.inclusion_tag("todos/_task_meta.html")
def task_meta(row: TaskRow) -> Shown:
    """Show what a row shows beside its title, without a link to change the date."""
    return _meta(row, onward="")


def _meta(row: TaskRow, onward: str) -> Shown:
    task, own_list = row.task, row.list
    date_url = f"{path_of('todos:task-date', task.pk)}?next={onward}" if onward else ""
    return {
        "steps": row.steps,
        "repeat": row.repeat,
        "level": str(task.priority),
        "priority": row.priority,
        "labels": row.labels,
        "list_name": own_list.name if own_list else "",
        "list_colour": own_list.colour if own_list else "",
        "due": row.due,
        "is_overdue": row.is_overdue,
        "date_url": date_url,
        "short_title": row.short_title,
    }
