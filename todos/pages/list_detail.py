"""The page of one list and of the inbox, and the menu of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from todos.models import TaskList, TaskQuerySet
from todos.pages.arranging import (
    GROUPS,
    SORTS,
    ArrangedPage,
    Arrangement,
    remembered,
)
from todos.pages.mixins import Context, UserPageMixin


class InboxView(ArrangedPage):
    """The open tasks in the inbox."""

    template_name = "todos/task_inbox.html"
    is_mixed = False
    has_quick_add = True

    @property
    def arranged(self) -> str:
        return str(self.navigation.inbox.pk)

    def within(self) -> TaskQuerySet:
        return self.tasks.live().top_level().in_inbox()

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {"list": self.navigation.inbox}


class ListDetailView(ArrangedPage):
    """The open tasks of one list."""

    template_name = "todos/tasklist_detail.html"
    is_mixed = False
    has_quick_add = True

    @cached_property
    def list(self) -> TaskList:
        return own_list(self)

    @property
    def arranged(self) -> str:
        return str(self.list.pk)

    def get(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponse:
        if self.list.is_inbox:
            return HttpResponseRedirect(reverse("todos:task-inbox"), status=303)
        return super().get(request, *args, **kwargs)

    def within(self) -> TaskQuerySet:
        return self.tasks.live().top_level().filter(list=self.list)

    def quick_add_defaults(self) -> Context:
        return {"list": str(self.list.pk)}

    def quick_add_hint(self) -> str:
        return f"Add a task to {self.list.name}"

    def get_context_data(self, **kwargs: object) -> Context:
        is_active = self.list.archived_at is None
        return super().get_context_data(**kwargs) | {
            "list": self.list,
            "has_quick_add": is_active,  # no new tasks in an archived list
        }


def own_list(page: UserPageMixin) -> TaskList:
    """Return the list that the URL names, which the navigation has loaded.

    Raises:
        TaskList.DoesNotExist: there is none, or it is in the trash.
    """
    found = page.navigation.list_of(page.kwargs["pk"])
    if found is None:
        raise TaskList.DoesNotExist
    return found


class ListMenuView(UserPageMixin, TemplateView):
    """The menu of one list: its order, its groups, and what can be done to it."""

    template_name = "todos/list_menu.html"

    def get_context_data(self, **kwargs: object) -> Context:
        own = own_list(self)
        default = (
            ("todos:task-inbox",) if own.is_inbox else ("todos:list-detail", own.pk)
        )
        page = reverse(default[0], args=default[1:])
        return super().get_context_data(**kwargs) | {
            "list": own,
            "next": self.next_url(*default),
            "arrangements": menu_choices(self, str(own.pk), page, Arrangement()),
        }


def menu_choices(
    page: UserPageMixin, key: str, path: str, default: Arrangement
) -> list[dict[str, object]]:
    """Return the links that sort and group the page at `path`, for its menu."""
    now = remembered(page.request.session, key, default)
    return [
        _links(f"{path}?sort=", "Sort", "sort", SORTS, now.sort),
        _links(f"{path}?group=", "Group", "group", GROUPS, now.group),
    ]


def _links(
    url: str, title: str, icon: str, words: Mapping[str, str], current: str
) -> dict[str, object]:
    shown = {name: text or "Not at all" for name, text in words.items()}
    return {
        "title": title,
        "icon": icon,
        "current": shown[current],
        "links": [(url + name, text, name == current) for name, text in shown.items()],
    }
