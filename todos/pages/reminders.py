"""The page that a reminder mail leads to: no more of these, or again."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from accounts import reminder_mails
from accounts.models import User


# The token is the authority. A mail program that sends the one click of RFC 8058 has
# neither a session nor a form of ours.
@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(login_not_required, name="dispatch")
class ReminderMailsView(TemplateView):
    """Switch the reminder mails of an account; a GET only asks."""

    http_method_names = ["get", "head", "options", "post"]
    template_name = "todos/reminders.html"

    @property
    def person(self) -> User:
        """Whose mails the link switches."""
        user = reminder_mails.user_of(self.kwargs["token"])
        if user is None:
            raise Http404
        return user

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(is_on=self.person.reminder_mails)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Stop them, unless the form asks for them again.

        Answers at once: a mail program follows no redirect (RFC 8058 section 3.1).
        """
        person = self.person  # first: without the token, nothing that was sent is read
        wants_them = request.POST.get("reminders") == "on"
        reminder_mails.switch(person, on=wants_them, at=timezone.now())
        return self.render_to_response(self.get_context_data())
