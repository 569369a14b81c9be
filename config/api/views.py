"""The base class of every endpoint's view."""

import time
from collections.abc import Collection, Hashable, Mapping
from functools import cache
from typing import cast

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from rest_framework import response as framework
from rest_framework.exceptions import APIException, NotAcceptable, Throttled
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from config.api.fields import PlainSerializer
from config.api.problems import ProblemSerializer
from config.api.responses import Response
from config.api.scopes import Limited, require_scope
from config.api.throttling import Reading, count_request, rate_limit_fields
from config.api.validation import validated
from config.front.callers import remember_user
from config.json import JSONObject
from config.refusals import Refusal
from config.row_security import show_rows_of


class Endpoint(APIView):
    """An endpoint of the API. It requires a signed-in user unless it says otherwise."""

    input_class: type[PlainSerializer] | None = None  # of the request body
    partial_methods: Collection[str] = {"PATCH"}  # the body may omit required fields

    # The scope that a personal access token needs, by method. Every method that is
    # implemented has one; None means that no such token may use it.
    scopes: Mapping[str, str | None] = {}
    # The methods for which a token that is limited to some lists sees only those. It
    # may not use any other.
    list_methods: Collection[str] = ()

    # What the OpenAPI document can't infer from the handlers.
    tag = ""
    operation_prefix = ""  # of the operation ids, where a view has a second route
    is_versioned = False  # responses have an ETag, and writes honour If-Match
    accepts_idempotency_key = False  # on POST
    conflicts: Mapping[str, Collection[type[Refusal]]] = {}  # 409, by method
    refusals: Mapping[str, Collection[type[APIException]]] = {}  # others, by method
    problem_class: type[PlainSerializer] = ProblemSerializer

    throttle_scope: str  # a limit of `settings.RATE_LIMITS`, for some throttles
    readings: list[Reading]  # of the limits that this request was counted in

    def validated(self, request: Request, **context: object) -> JSONObject:
        """Return the request body as `input_class` reads it, or answer 400.

        `context` is handed to the serializer, beside the request.
        """
        assert self.input_class is not None
        return validated(
            self.input_class,
            request.data,
            partial=request.method in self.partial_methods,
            context={"request": request, **context},
        )

    def validated_query(
        self, request: Request, query_class: type[PlainSerializer]
    ) -> JSONObject:
        """Return the query parameters as `query_class` reads them, or answer 400."""
        if not has_query(request):
            return dict(_defaults(query_class))
        return validated(query_class, _without_empty(request.query_params))

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().setup(request, *args, **kwargs)
        self.readings = []

    def initialize_request(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> Request:
        """Copy what is read often: REST framework looks for it in vain each time."""
        made: Request = super().initialize_request(request, *args, **kwargs)
        vars(made).update(META=request.META, method=request.method)
        return made

    def count_request(self, scope: str, caller: str) -> None:
        """Count the request in one more limit, or answer 429."""
        reading = count_request(scope, caller, now=time.time())
        self.readings.append(reading)
        if reading.wait is not None:
            raise Throttled(wait=reading.wait)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Count a request also if nothing of its `Accept` is served, which is first."""
        try:
            return super().perform_content_negotiation(request, force)
        except NotAcceptable:
            self.perform_authentication(request)
            raise

    def perform_authentication(self, request: Request) -> None:
        """Count the request as soon as its user is known: a 403 counts too."""
        user_id = request.user.pk  # reading the user authenticates
        show_rows_of(user_id)
        super().check_throttles(request)
        if user_id is not None:
            remember_user(request._request.META, user_id)

    def check_permissions(self, request: Request) -> None:
        """Require the scope of the method first, from a personal access token."""
        name = "GET" if request.method == "HEAD" else str(request.method)
        if request.auth is not None and name != "OPTIONS" and self._serves(name):
            require_scope(
                cast(Limited, request.auth),
                self.scopes.get(name),
                honours_lists=name in self.list_methods,
            )
        super().check_permissions(request)

    def _allowed_methods(self) -> list[str]:
        endpoint = cast(Hashable, type(self))
        return _implemented(endpoint, tuple(self.http_method_names))

    def _serves(self, method: str) -> bool:
        return method in self.allowed_methods

    def check_throttles(self, request: Request) -> None:
        """Do nothing: REST framework would count only after the permissions."""

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        if isinstance(response, Response):
            _free(self, self.request)
        return response

    def finalize_response(  # type: ignore[override]
        self,
        request: Request,
        response: HttpResponseBase,
        *args: object,
        **kwargs: object,
    ) -> HttpResponseBase:
        """Render it, and add how much of each limit is left, whatever it is."""
        if isinstance(response, Response):
            response = response.rendered_by(request.accepted_renderer)
        fields = rate_limit_fields(self.readings)
        if isinstance(response, Response) and not response.has_header("Vary"):
            # As REST framework does, which would combine two values of Vary.
            fields |= self.headers
        else:
            response = super().finalize_response(
                request, cast(framework.Response, response), *args, **kwargs
            )
        for name, value in fields.items():
            response.headers[name] = value
        if isinstance(response, framework.Response):
            response.add_post_render_callback(_free_rendered)
        return response

    def get_authenticate_header(self, request: Request) -> str:
        """Name the scheme in every 401, also without an authentication class."""
        return "Bearer"


def has_query(request: Request) -> bool:
    """Whether the URL has a query; cheaper than to parse it."""
    return bool(request._request.META.get("QUERY_STRING"))


def _free(view: Endpoint, request: Request) -> None:
    """Free what the call used as soon as its answer is written.

    View and request refer to each other. A later garbage collection would free them,
    when their memory is in no cache of the processor.
    """
    vars(view).clear()
    request.parser_context.clear()


def _free_rendered(response: framework.Response) -> None:
    context = response.renderer_context  # type: ignore[attr-defined]
    _free(context["view"], context["request"])
    context.clear()


@cache
def _implemented(endpoint: Hashable, names: tuple[str, ...]) -> list[str]:
    """Return those of the methods that an endpoint has. Each response names them."""
    # Django answers HEAD by GET.
    return [
        name.upper()
        for name in names
        if hasattr(endpoint, "get" if name == "head" else name)
    ]


@cache
def _defaults(query_class: type[PlainSerializer]) -> JSONObject:
    """Return the values of an empty query.

    Cached, because most requests for lists have no query, and computing this takes a
    sixth of the time of such a request.
    """
    return validated(query_class, QueryDict())


def _without_empty(query: QueryDict) -> QueryDict:
    """Remove empty parameters such as `?due_after=`, which HTML forms send."""
    given = query.copy()
    for name, values in query.lists():
        if values == [""]:
            del given[name]
    return given
