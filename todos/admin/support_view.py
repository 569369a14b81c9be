"""The tasks of a user who lets support staff look, to read only.

`accounts.support` decides at each request who may look, and records it before a page is
made. The pages have no form, no export and no link that leads out of them. Their text
reaches neither the history of the admin nor a message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from accounts import support
from accounts.admin.support_actions import may_act_on
from accounts.authentication import user_of
from accounts.models import SupportGrant, SupportLook, User
from todos.models import Task, TaskList

PERMISSION = "accounts.look_at_tasks"
TASKS_SHOWN = 100  # on one page, and steps of a task
BASE = "<uuid:user_id>/support-view/"
Page = SupportLook.Page
Context = dict[str, Any]


class CodeForm(forms.Form):
    """The code that the user tells support, with or without spaces."""

    code = forms.CharField(
        max_length=32,
        label="Code",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "inputmode": "numeric", "size": 12}
        ),
    )

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        return "".join(code.split())


def routes(site: AdminSite) -> list[URLPattern]:
    """Return the routes of these pages, below those of the account."""

    def route(
        end: str, view: Callable[..., HttpResponse], name: str = "list"
    ) -> URLPattern:
        def page(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            return view(site, request, **kwargs)

        return path(f"{BASE}{end}", site.admin_view(page), name=f"support_view{name}")

    return [
        route("", _enter, ""),
        route("lists/", _lists, "_lists"),
        route("lists/<uuid:list_id>/", _list, "_list"),
        route("tasks/<uuid:task_id>/", _task, "_task"),
    ]


def may_ask(staff: User, user: User) -> bool:
    """Tell whether `staff` may enter a code of this user, if there is one."""
    return staff.has_perm(PERMISSION) and may_act_on(staff, user)


def link(user: User) -> tuple[str, str]:
    """Return label and URL of the page that asks for the code."""
    return "Look at tasks", reverse("admin:support_view", args=[user.pk])


def _staff_for(request: HttpRequest, user_id: UUID) -> tuple[User, User]:
    """Return the member of staff and the user, or refuse."""
    user = get_object_or_404(User, pk=user_id)
    staff = user_of(request)
    if not may_ask(staff, user):
        raise PermissionDenied
    return staff, user


# --- The code -------------------------------------------------------------------------


def _enter(site: AdminSite, request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask for the code; lead on to the lists once it is right."""
    staff, user = _staff_for(request, user_id)
    now = timezone.now()
    lists = HttpResponseRedirect(reverse("admin:support_view_lists", args=[user_id]))
    if support.may_look(staff=staff, user_id=user_id, at=now):
        return lists
    form = CodeForm(request.POST or None)
    if form.is_valid():
        code = form.cleaned_data["code"]
        if support.enter_code(staff=staff, user_id=user_id, code=code, at=now):
            return lists
        form.add_error(
            "code",
            "This code opens nothing. It may be mistyped or ended, or a colleague used"
            " it. Ask the user for a new one.",
        )
    return _page(site, request, "enter", {"account": user, "form": form})


# --- The tasks ------------------------------------------------------------------------


def _lists(site: AdminSite, request: HttpRequest, user_id: UUID) -> HttpResponse:
    def rows(owner: User) -> Context:
        lists = TaskList.objects.owned_by(owner).with_open_counts()
        return {"lists": list(lists.order_by("-is_inbox", "position", "pk"))}

    return _look(site, request, user_id, Page.LISTS, rows)


def _list(
    site: AdminSite, request: HttpRequest, user_id: UUID, list_id: UUID
) -> HttpResponse:
    def rows(owner: User) -> Context:
        shown = get_object_or_404(TaskList.objects.owned_by(owner), pk=list_id)
        tasks = Task.objects.owned_by(owner).filter(list=shown).top_level()
        pages = Paginator(tasks.order_by("position", "pk"), TASKS_SHOWN)
        return {"list": shown, "tasks": pages.get_page(request.GET.get("page"))}

    return _look(site, request, user_id, Page.LIST, rows, list_id)


def _task(
    site: AdminSite, request: HttpRequest, user_id: UUID, task_id: UUID
) -> HttpResponse:
    def rows(owner: User) -> Context:
        tasks = Task.objects.owned_by(owner)
        shown = tasks.select_related("list").with_labels()
        steps = tasks.filter(parent=task_id).order_by("position", "pk")
        return {
            "task": get_object_or_404(shown, pk=task_id),
            "steps": list(steps[:TASKS_SHOWN]),
        }

    return _look(site, request, user_id, Page.TASK, rows, task_id)


def _look(
    site: AdminSite,
    request: HttpRequest,
    user_id: UUID,
    page: SupportLook.Page,
    rows: Callable[[User], Context],
    object_id: UUID | None = None,
) -> HttpResponse:
    """Record the look, read the rows of the user who allowed it, and make the page."""
    staff, user = _staff_for(request, user_id)
    looking = support.look(
        staff=staff, user_id=user_id, page=page, object_id=object_id, at=timezone.now()
    )
    try:
        with looking as grant:
            return _page(site, request, page, _shown(grant) | rows(grant.user))
    except support.NotAllowed:
        return _page(site, request, "ended", {"account": user}, status=403)


def _shown(grant: SupportGrant) -> Context:
    return {"grant": grant, "account": grant.user}


def _page(
    site: AdminSite,
    request: HttpRequest,
    name: str,
    context: Context,
    status: int = 200,
) -> HttpResponse:
    """Render a page now, so that nothing of it is read after the look has ended."""
    template = f"admin/todos/support_view/{name}.html"
    whole = site.each_context(request) | {"title": "Look at tasks"} | context
    return render(request, template, whole, status=status)
