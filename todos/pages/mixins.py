"""What every page shares: whose it is, which day it is for them, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, reverse
from django.utils.text import Truncator
from django.views.generic.base import View

from accounts.credentials import SESSION
from accounts.models import User
from config.drafts import is_own_path
from todos.agenda import Agenda
from todos.caller import Caller
from todos.models import Change, Task, TaskList, TaskQuerySet
from todos.pages.navigation import Navigation, of
from todos.pages.rows import TaskRow
from todos.schedule.days import Clock


class SeeOther(HttpResponseRedirect):
    """Go on with a GET, after a form was dealt with (RFC 9110 section 15.4.4)."""

    status_code = 303


class PersonMixin(View):
    """A page of the signed-in person. Someone else's object does not exist here."""

    # Django's form views would take a PUT for a POST.
    http_method_names = ["get", "head", "options", "post"]
    home: ClassVar[str] = "todos:task-today"  # where to go on unless told

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except ObjectDoesNotExist as exc:
            key = kwargs.get("pk")
            if request.method == "POST" and key is not None and self.had(key):
                messages.error(request, "That isn't there any more.")
                return SeeOther(self.next_url())
            raise Http404 from exc

    @property
    def written(self) -> QueryDict | None:
        """What was sent by a form: now, or before the user had to sign in again."""
        if self.request.method == "POST":
            return self.request.POST
        draft: QueryDict | None = getattr(self, "draft", None)
        return draft

    def had(self, key: UUID) -> bool:
        """Whether this was an object of the person's, who may be told that it is gone.

        To everybody else it is the same as one that never was.
        """
        changes = Change.objects.owned_by(self.person)
        return changes.filter(entity_id=key).exists()

    @property
    def person(self) -> User:
        """Whose page it is; nobody else gets past the middleware."""
        assert self.request.user.is_authenticated
        return self.request.user

    @property
    def now(self) -> datetime:
        """The instant of this request."""
        return self.clock.now

    @property
    def agenda(self) -> Agenda:
        """What is due when; the navigation asks the same."""
        return self.navigation.agenda

    @property
    def clock(self) -> Clock:
        """This request's instant, as the person sees it."""
        return self.agenda.clock

    @property
    def today(self) -> date:
        """The date in the person's calendar."""
        return self.clock.today

    @property
    def navigation(self) -> Navigation:
        return of(self.request)

    @property
    def tasks(self) -> TaskQuerySet:
        """The person's tasks, where every page starts."""
        return Task.objects.owned_by(self.person)

    @cached_property
    def caller(self) -> Caller:
        """Who writes, with which credential, and when: once for the request."""
        return Caller(owner=self.person, by=SESSION, at=self.now)

    def rows(self, tasks: Iterable[Task], *, with_list: bool = True) -> list[TaskRow]:
        """Return the tasks as they are shown, with their lists' names where asked."""
        zone = self.person.timezone
        named = self.navigation.named
        return [
            TaskRow(task, self.clock, named(task.list_id) if with_list else None, zone)
            for task in tasks
        ]

    def say(self, words: str, title: str, *, undo: UUID | None = None) -> None:
        """Leave a message about a task or list, with a way to undo the batch `undo`.

        The path goes along as the message's tag, and the template makes a form of it.
        """
        text = f"{words}: {Truncator(title).chars(80)}"
        path = reverse("todos:undo", args=[undo]) if undo else ""
        messages.success(self.request, text, extra_tags=path)

    def next_url(self, default: str = "", *args: Any) -> str:
        """Return the path that the form asks to go back to.

        If that is no page of ours, or is about something that is not there any more,
        return the default.
        """
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        if is_own_path(wanted, self.request) and self._leads_somewhere(wanted):
            return wanted
        return reverse(default or self.home, args=args)

    def _leads_somewhere(self, path: str) -> bool:
        try:
            match = resolve(urlsplit(path).path)
        except Resolver404:
            return False
        key = match.kwargs.get("pk")
        if match.app_name != "todos" or key is None:
            return True
        if str(match.url_name).startswith("task-"):
            return self.tasks.live().filter(pk=key).exists()
        lists = TaskList.objects.owned_by(self.person)
        return lists.live().filter(pk=key).exists()
