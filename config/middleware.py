"""The middleware of the site."""

import logging
import random
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.deprecation import MiddlewareMixin
from rest_framework import exceptions

from config import drafts
from config.api.problems import handle_exception, problem_headers
from config.api.throttling import count_request, users, visitors
from config.api.views import Endpoint
from config.client_address import address_key
from config.errors import answer, not_kept
from config.front.answers import REFUSAL
from config.front.bodies import body_limit, too_large
from config.logs import request_id
from config.metrics.labels import route_and_method
from config.metrics.registry import registry
from config.origins import is_from_another
from config.outages import note_success
from config.slowness import note_request, tally

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_ROUTES = {"healthz", "readyz"}

GetResponse = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponseBase]


class RequestLogMiddleware:
    """Give each request an id, and log one line about it.

    The id is the client's `X-Request-ID` if it is a simple word, and is returned in the
    response. The line contains the pattern of the route, never the path or the query
    string, which contain ids and search terms.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        tally.begin()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        token = request_id.set(
            # Distinct is enough: nobody gets anything by such an id.
            given if REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
        )
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            self._log(request, response, time.perf_counter() - started)
        finally:
            request_id.reset(token)
        return response

    def _log(
        self, request: HttpRequest, response: HttpResponse, seconds: float
    ) -> None:
        if response.status_code < 500:
            note_success()
        match = request.resolver_match
        route = match.route if match else ""
        note_request(request, route, response, seconds)
        if registry.is_on:
            registry.observe(
                *route_and_method(match, request.method, response.status_code),
                response.status_code,
                seconds,
                statements=tally.statements,
                database_seconds=tally.seconds,
            )
        if route in QUIET_ROUTES and response.status_code < 400:
            return
        level = _level_of(response.status_code)
        if logger.isEnabledFor(level):
            fields = {
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 1),
            }
            # Not `logger.log`, which would look for this place in the stack.
            record = logger.makeRecord(
                logger.name, level, __file__, 0, "request", (), None, extra=fields
            )
            logger.handle(record)


def _level_of(status: int) -> int:
    """Return the level of a request's line.

    While a part is away all requests get 503, and one line says why: `config.outages`.
    """
    if status == 503:
        return logging.WARNING
    return logging.ERROR if status >= 500 else logging.INFO


class BodyLengthMiddleware:
    """Leave out the length of a body that does not follow (RFC 9110 section 8.6).

    Other layers declare that of the empty body, which a 204 and a 304 must not have. A
    page for HEAD names its method and its padding is random, so its length is not that
    of the answer to GET.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in {204, 304}:
            response.headers.pop("Content-Length", None)
        elif request.method == "HEAD" and _is_whole_page(response):
            response.content = b""  # the server would declare its length
            response.headers.pop("Content-Length", None)
        return response


def _is_whole_page(response: HttpResponse) -> bool:
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return is_html and not response.streaming


class PageHeadersMiddleware:
    """Keep responses out of caches, and disable browser features that we never use."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class SeeOtherMiddleware:
    """Redirect with 303 after a POST, so that every client goes on with a GET.

    After 302 a client may send the form again (RFC 9110 sections 15.4.3 and 15.4.4).
    One rule for our pages, for those of allauth and for the admin.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 302 and request.method == "POST":
            response.status_code = 303
        return response


class HttpsRequired(exceptions.APIException):
    """403: this path is only available over https."""

    status_code = 403
    default_detail = "Use https: plain http is not encrypted."
    default_code = "https_required"


class HttpsApiMiddleware:
    """Refuse API calls over plain http if the service uses https.

    A redirect, as pages get, would hide from the developer of a client that it sends
    its token unencrypted each time.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_open = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if is_open and request.path_info.startswith("/api/"):
            return answer(request, HttpsRequired())
        return self.get_response(request)


class RefusalMiddleware:
    """Return refusals before the body of the request is read.

    Without `config.front`, only bodies over the limit are refused here. Also converts
    refusals that pages raise, and the empty 405 of Django's views; endpoints convert
    their own.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = request.META.get(REFUSAL)
        if not refusal and _body_length(request) > body_limit(request.path_info):
            refusal = too_large(request.path_info)
        if refusal:
            return _refused(request, refusal)
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            page = answer(request, exceptions.MethodNotAllowed(request.method or ""))
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if isinstance(exception, exceptions.APIException):
            return answer(request, exception)
        return None


def _refused(request: HttpRequest, refusal: exceptions.APIException) -> HttpResponse:
    """Return the refusal in the format of the requested endpoint."""
    try:
        view = getattr(resolve(request.path_info).func, "cls", None)
    except Resolver404:
        view = None
    handler = view().get_exception_handler() if view else handle_exception
    if handler is handle_exception:
        return answer(request, refusal)
    response = handler(refusal, {})
    assert response is not None  # handlers convert every APIException
    return JsonResponse(
        response.data, status=response.status_code, headers=problem_headers(refusal)
    )


def _body_length(request: HttpRequest) -> int:
    """Return the length of the body in bytes, or 0 if the header is not a number.

    `config.front` always sets a number. Other servers may pass on the header as it was
    sent, and Django then reads no body.
    """
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


class PageLimitMiddleware:
    """Limit the page requests of each user, and of each address without a user.

    The pages and the API calls of a user share one limit; endpoints count their own
    calls. Public pages are counted by address, so that the user need not be loaded.
    POSTs to the pages of `PAGE_LIMITS` and `USER_PAGE_LIMITS` are also counted there.

    Must come after the middleware that sets `request.user`, and before the one that
    redirects to the sign-in page.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.resolver_match is None:  # no view: an unknown path
            reading = visitors.count(address_key(request), now=time.time())
            if reading.wait is not None:
                return answer(request, exceptions.Throttled(wait=reading.wait))
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: View,
        args: object,
        kwargs: object,
    ) -> HttpResponse | None:
        match = request.resolver_match
        assert match is not None  # there is a view
        if match.route in QUIET_ROUTES or issubclass(
            getattr(view, "cls", object), Endpoint
        ):
            return None
        try:
            self._count(request, view, match.view_name)
        except exceptions.APIException as refusal:
            return answer(request, refusal)
        return None

    def _count(self, request: HttpRequest, view: View, name: str) -> None:
        now = time.time()
        is_public = not getattr(view, "login_required", True)
        if is_public or not request.user.is_authenticated:
            readings = [visitors.count(address_key(request), now=now)]
        else:
            readings = [users.count(str(request.user.pk), now=now)]
        scope = settings.PAGE_LIMITS.get(name)
        if scope is not None and request.method == "POST":
            readings.append(count_request(scope, address_key(request), now=now))
        scope = settings.USER_PAGE_LIMITS.get(name)
        if scope and request.method == "POST" and request.user.is_authenticated:
            readings.append(count_request(scope, str(request.user.pk), now=now))
        for reading in readings:
            if reading.wait is not None:
                raise exceptions.Throttled(wait=reading.wait)


class OtherOriginMiddleware:
    """Ignore the cookies that come with a request from a page of another origin.

    Browsers send them from subdomains and other ports even with `SameSite=Lax`. So a
    page that may call the API acts with the token it sends, and never as the user whose
    browser it runs in. It changes no cookie either.

    Must come before all middleware that reads cookies.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_from_another(request):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        request.COOKIES = {}
        response = self.get_response(request)
        response.cookies.clear()
        return response


def brings_own_credential(request: HttpRequest) -> bool:
    """Whether this is an API call with an Authorization header.

    The API then authenticates by that header alone and uses no session and no message.
    """
    return "HTTP_AUTHORIZATION" in request.META and request.path_info.startswith(
        "/api/"
    )


class _BrowserOnly(MiddlewareMixin):
    """Skip requests that `brings_own_credential`."""

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if brings_own_credential(request):
            return self.get_response(request)
        return super().__call__(request)


class SessionMiddleware(_BrowserOnly, sessions.SessionMiddleware):
    """Django's sessions, for browsers."""


class AuthenticationMiddleware(auth.AuthenticationMiddleware):
    """Django's `request.user`, for browsers. The API has authentication classes."""

    def process_request(self, request: HttpRequest) -> None:
        if brings_own_credential(request):
            request.user = AnonymousUser()
        else:
            super().process_request(request)


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Django's redirect to the sign-in page, which also keeps the input of forms.

    After signing in, the user returns to the page of the form with the input, not to
    the URL that the form was sent to.
    """

    def process_view(
        self, request: HttpRequest, view_func: View, *view: Any
    ) -> HttpResponseBase | None:
        """Refuse a form with input that was on a page of another user.

        A Better Auth session can change from one user to another, while the CSRF token
        stays the same.
        """
        is_text = request.method == "POST" and drafts.keeps_draft(request)
        if is_text and drafts.is_of_another_user(request):
            return not_kept(request, drafts.Refused(drafts.OTHER_ACCOUNT))
        answered: HttpResponseBase | None = super().process_view(
            request, view_func, *view
        )
        return answered

    def handle_no_permission(  # type: ignore[override]  # a wider result
        self, request: HttpRequest, view_func: View
    ) -> HttpResponseBase:
        try:
            back = drafts.way_back(request)
        except drafts.Refused as refusal:
            return not_kept(request, refusal)
        return redirect_to_login(back)


class MessageMiddleware(_BrowserOnly, messages.MessageMiddleware):
    """Django's messages, for browsers."""
