"""The middleware of API calls by programs, which bring a token.

Most layers of `settings.MIDDLEWARE` serve browsers: sessions, CSRF tokens, redirects,
messages. They have nothing to do for such a call, so it takes the short chain of
`settings.API_MIDDLEWARE`. Its answers have the same headers as all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple, cast
from uuid import UUID

from corsheaders import middleware as cors
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.urls.converters import UUIDConverter
from django.utils.module_loading import import_string

from config.api.views import Endpoint
from config.middleware import GetResponse, brings_own_credential

_ID = re.compile(UUIDConverter.regex)
SOME_ID = str(UUID(int=0))
FORMS_CACHED = 500
HOSTS_CACHED = 100


class ShortChainMiddleware:
    """Answer calls of programs by the short chain, and everything else as usual.

    A browser that sends a token and asks for a page needs all layers.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._short = _chain(settings.API_MIDDLEWARE, call_endpoint)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        accepts_html = "text/html" in request.META.get("HTTP_ACCEPT", "")
        if brings_own_credential(request) and not accepts_html:
            match = endpoint_of(request.path_info)
            if match is not None:
                request.resolver_match = match
                return self._short(request)
        return self.get_response(request)


def endpoint_of(path: str) -> ResolverMatch | None:
    """Return the endpoint of a path, None if another view or none has it.

    Paths that differ in their ids alone have the same, which is found once.
    """
    form = _form(_ID.sub(SOME_ID, path), settings.ROOT_URLCONF)
    ids = _ID.findall(path)
    if form is None or not ids:
        return form and form.match
    if len(ids) != len(form.ids):
        return resolve(path)  # it has more than ids
    match = form.match
    kwargs = {name: kind(one) for (name, kind), one in zip(form.ids, ids, strict=True)}
    return ResolverMatch(match.func, (), kwargs, match.url_name, route=match.route)


class _Form(NamedTuple):
    """The endpoint of paths that are the same except for their ids."""

    match: ResolverMatch
    # Their names and types, in the order of the path; none if there is more than ids.
    ids: Sequence[tuple[str, type[UUID | str]]]


@lru_cache(FORMS_CACHED)
def _form(path: str, urlconf: str) -> _Form | None:
    try:
        match = resolve(path, urlconf)
    except Resolver404:
        return None
    if not issubclass(getattr(match.func, "cls", object), Endpoint):
        return None
    has_only_ids = {*map(str, match.kwargs.values())} <= {SOME_ID}
    ids = [(name, type(some)) for name, some in match.kwargs.items()]
    return _Form(match, ids if has_only_ids else [])


def call_endpoint(request: HttpRequest) -> HttpResponse:
    """Call the endpoint, without the hooks that middleware has in Django."""
    match = request.resolver_match
    assert match is not None
    response = match.func(request, *match.args, **match.kwargs)
    render: Callable[[], HttpResponse] | None = getattr(response, "render", None)
    return render() if render else response


def _chain(paths: Iterable[str], inner: GetResponse) -> GetResponse:
    """Return `inner` inside these layers, the first outermost.

    As in Django, an exception of a layer becomes a response for those around it.
    """
    chain = convert_exception_to_response(cast("Any", inner))
    for path in reversed([*paths]):
        chain = convert_exception_to_response(import_string(path)(chain))
    return cast("GetResponse", chain)


class PolicyHeadersMiddleware:
    """Add the headers that the layers of `settings.POLICY_MIDDLEWARE` add.

    For an answer that is not a page they are always the same, so each layer is asked
    once.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._headers = {scheme: _policies(scheme) for scheme in ("http", "https")}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        # Without the checks of each name and value, which were made before. They take
        # a thirtieth of the time of a short call.
        headers._store = self._headers[request.scheme or "http"] | headers._store
        return response


def _policies(scheme: str) -> dict[str, tuple[str, str]]:
    """Return the headers that the layers add to an empty answer of the API.

    They are in the form in which Django keeps them: name and value by the lower name.
    """
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/",
        "wsgi.url_scheme": scheme,
        "wsgi.input": BytesIO(),
    }
    answer = _chain(settings.POLICY_MIDDLEWARE, lambda request: HttpResponse())
    headers = dict(answer(WSGIRequest(environ)).headers._store)
    del headers["content-type"]
    return headers


class ProgramMiddleware:
    """Ignore cookies, which programs don't use, and refuse hosts that are not ours."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_HOST" in request.META:
            _check_host(request.META["HTTP_HOST"], tuple(settings.ALLOWED_HOSTS))
        else:
            request.get_host()
        request.META.pop("HTTP_COOKIE", None)
        request.user = AnonymousUser()
        response = self.get_response(request)
        response.cookies.clear()
        if not (response.streaming or response.has_header("Content-Length")):
            response.headers["Content-Length"] = str(len(response.content))
        return response


@lru_cache(HOSTS_CACHED)
def _check_host(host: str, allowed: tuple[str, ...]) -> None:
    """Let Django check the host of a request once for many.

    Raises:
        DisallowedHost: it is none of those that are allowed.
    """
    request = HttpRequest()
    request.META["HTTP_HOST"] = host
    request.get_host()


class CorsMiddleware(cors.CorsMiddleware):
    """CORS for browsers; other programs send no `Origin`."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_ORIGIN" in request.META:
            return cast("HttpResponse", super().__call__(request))
        response = cast("HttpResponse", self.get_response(request))
        vary = response.headers.get("Vary")
        response.headers["Vary"] = f"{vary}, origin" if vary else "origin"
        return response
