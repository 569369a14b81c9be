"""The theme of pages that don't know their user: a cookie of this browser remembers it.

Error pages, the sign-in page and the API reference read neither the session nor the
database. The cookie need not be secret. It stays when the user signs out, so that the
sign-in page has the same colours.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.cookies import set_cookie

THEMES = {"light", "dark"}  # the other one, `system`, is the absence of the cookie
MAX_AGE = 365 * 24 * 60 * 60  # seconds

GetResponse = Callable[[HttpRequest], HttpResponse]


def theme(request: HttpRequest) -> dict[str, object]:
    """Make the theme in the cookie available to all templates."""
    return {"theme": _stored(request)}


def _stored(request: HttpRequest) -> str:
    value = request.COOKIES.get(settings.THEME_COOKIE_NAME)
    return value if value in THEMES else "system"


class ThemeMiddleware:
    """Keep the theme of the signed-in user in the cookie.

    It looks only at pages that require a sign-in, which have loaded the user anyway. So
    a theme that was chosen elsewhere arrives here with the next page.

    Must come after the middleware that sets `request.user`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        is_private = match and getattr(match.func, "login_required", True)
        if is_private and response.status_code < 400 and request.user.is_authenticated:
            self._store(request, response, request.user.theme)
        return response

    def _store(self, request: HttpRequest, response: HttpResponse, chosen: str) -> None:
        if chosen == _stored(request):
            return
        if chosen in THEMES:
            set_cookie(response, settings.THEME_COOKIE_NAME, chosen, max_age=MAX_AGE)
        else:
            response.delete_cookie(settings.THEME_COOKIE_NAME, samesite="Lax")
