"""What a new user finds on Today: example tasks, an import, a check of the zone."""

from __future__ import annotations

from datetime import time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic.base import View

from accounts.times import time_words
from todos import actions
from todos.ledger import receipt
from todos.models import Task
from todos.pages.mixins import Context, UserPageMixin


class ExamplesView(UserPageMixin, View):
    """Add the example tasks; Today, to which a GET leads, offers them."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("todos:task-today")

    def post(self, request: HttpRequest) -> HttpResponse:
        tasks: list[Task] = []
        try:
            with receipt() as note:
                tasks = actions.add_examples(self.caller)
        except actions.AccountFull as refusal:
            messages.error(request, str(refusal))
        if tasks:
            self.add_message(f"Added {len(tasks)} example tasks", undo=note.batch)
        return self.redirect_to_next()


def first_visit(page: UserPageMixin) -> Context | None:
    """Return what to offer a user who never had a task, or None.

    The lists of the navigation show most users to have tasks, so it asks the database
    for the few others only.
    """
    lists = page.navigation.active
    # An annotation, of which the type knows nothing.
    has_open = len(lists) > 1 or vars(lists[0])["open_count"]
    if has_open or Task.objects.owned_by(page.user).exists():
        return None
    now = page.now.astimezone(page.user.zone)
    return {"time": time_words(time(now.hour, now.minute), page.user.clock)}
