"""What all pages share: the user, the date in their calendar, and where to go next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.views.generic.base import View

from accounts.credentials import SESSION
from accounts.models import User
from config.drafts import NEXT_MAX_LENGTH, is_own_path
from config.toasts import ToastAction, add_toast
from todos.agenda import Agenda
from todos.caller import Caller
from todos.models import Change, Label, Task, TaskList, TaskQuerySet
from todos.pages.navigation import Navigation, navigation_of
from todos.pages.rows import TaskRow
from todos.schedule.days import Clock

Context = dict[str, Any]  # of a template
FRAGMENT_MAX_LENGTH = len("#task-") + 36
HERE_MAX_LENGTH = NEXT_MAX_LENGTH - FRAGMENT_MAX_LENGTH


class UserPageMixin(View):
    """A page of the signed-in user. Objects of other users give a 404."""

    # Django's form views would handle a PUT like a POST.
    http_method_names = ["get", "head", "options", "post"]
    default_next: ClassVar[str] = "todos:task-today"  # the name of a URL

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except ObjectDoesNotExist as exc:
            key = self.kwargs.get("pk")
            if request.method == "POST" and key is not None and self.once_had(key):
                messages.error(request, "This item no longer exists.")
                return self.redirect_to_next()
            raise Http404 from exc

    @property
    def submitted(self) -> QueryDict | None:
        """The input of the form: sent now, or kept as a draft before a sign-in."""
        if self.request.method == "POST":
            return self.request.POST
        draft: QueryDict | None = getattr(self, "draft", None)
        return draft

    def once_had(self, key: UUID) -> bool:
        """Whether the id belongs to a deleted object of the user.

        Only its owner learns that it is gone. To others it never existed.
        """
        changes = Change.objects.owned_by(self.user)
        return changes.filter(entity_id=key).exists()

    @property
    def user(self) -> User:
        """The signed-in user; the middleware redirects everybody else."""
        assert self.request.user.is_authenticated
        return self.request.user

    @property
    def now(self) -> datetime:
        """The instant of this request."""
        return self.clock.now

    @property
    def agenda(self) -> Agenda:
        """The user's tasks by due date, shared with the navigation."""
        return self.navigation.agenda

    @property
    def clock(self) -> Clock:
        """The instant of this request in the user's time zone."""
        return self.agenda.clock

    @property
    def today(self) -> date:
        """The date in the user's calendar."""
        return self.clock.today

    @property
    def navigation(self) -> Navigation:
        return navigation_of(self.request)

    @property
    def tasks(self) -> TaskQuerySet:
        """All tasks of the user."""
        return Task.objects.owned_by(self.user)

    @cached_property
    def caller(self) -> Caller:
        """The caller for the actions of this request."""
        return Caller(owner=self.user, by=SESSION, at=self.now)

    @cached_property
    def here(self) -> str:
        """The path of this page with its query, to return to it after a change."""
        path = self.request.get_full_path()
        # Each row contains it several times, and longer ones are not accepted as the
        # next page.
        return path if len(path) <= HERE_MAX_LENGTH else self.request.path

    def rows(self, tasks: Iterable[Task], *, with_list: bool = True) -> list[TaskRow]:
        """Return the tasks as rows of a page, each with its list if wanted."""
        user, clock, navigation = self.user, self.clock, self.navigation
        zone, time_format, here = user.timezone, user.clock, self.here
        return [
            TaskRow(
                task,
                clock,
                navigation.list_of(task.list_id) if with_list else None,
                zone,
                time_format=time_format,
                here=here,
                labels=navigation.labels_named(task.label_names),
            )
            for task in tasks
        ]

    def add_message(
        self,
        text: str,
        title: str = "",
        *,
        undo: UUID | None = None,
        actions: Iterable[ToastAction] = (),
    ) -> None:
        """Show a toast about a change, with a button to undo the batch `undo`."""
        shown = f"{text}: {Truncator(title).chars(80)}" if title else text
        if undo is not None:
            path = reverse("todos:undo", args=[undo])
            actions = [ToastAction("Undo", path, is_form=True), *actions]
        add_toast(self.request, shown, actions)

    def redirect_to_next(self, default: str = "", *args: object) -> HttpResponse:
        """Redirect to `next_url`; `SeeOtherMiddleware` makes it a 303 after a POST."""
        return redirect(self.next_url(default, *args))

    def next_url(self, default: str = "", *args: object) -> str:
        """Return the path of the next page, which the form or the URL can name.

        Falls back to the default if that is not a page of this site, or is the page of
        an object that does not exist any more.
        """
        path = self.request.POST.get("next") or self.request.GET.get("next") or ""
        if is_own_path(path, self.request) and self._exists(path):
            return path
        return reverse(default or self.default_next, args=args)

    def _exists(self, path: str) -> bool:
        try:
            match = resolve(urlsplit(path).path)
        except Resolver404:
            return False
        key = match.kwargs.get("pk")
        if match.app_name != "todos" or key is None:
            return True
        if str(match.url_name).startswith("task-"):
            return self.tasks.live().filter(pk=key).exists()
        if str(match.url_name).startswith("label-"):
            return Label.objects.owned_by(self.user).filter(pk=key).exists()
        lists = TaskList.objects.owned_by(self.user)
        return lists.live().filter(pk=key).exists()
