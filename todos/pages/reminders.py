"""The page that a reminder mail links to: switch reminder mails off or on."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from accounts import reminder_mails
from accounts.models import User
from todos.pages.mixins import Context


# The token authorises the request. A mail program that sends the one-click POST of
# RFC 8058 has no session and no CSRF token.
@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(login_not_required, name="dispatch")
class ReminderMailsView(TemplateView):
    """Switch the reminder mails of a user; a GET asks for confirmation."""

    http_method_names = ["get", "head", "options", "post"]
    template_name = "todos/reminders.html"

    @property
    def user(self) -> User:
        """The user to whom the token belongs."""
        user = reminder_mails.recipient_of(self.kwargs["token"])
        if user is None:
            raise Http404
        return user

    def get_context_data(self, **kwargs: object) -> Context:
        return super().get_context_data(is_on=self.user.reminder_mails)

    def post(self, request: HttpRequest, **kwargs: object) -> HttpResponse:
        """Switch them off, unless the form switches them on.

        Without a redirect, because mail programs follow none (RFC 8058 section 3.1).
        """
        user = self.user  # first: without a valid token, the body is not read
        is_on = request.POST.get("reminders") == "on"
        reminder_mails.switch(user, on=is_on, at=timezone.now())
        return self.render_to_response(self.get_context_data())
