"""The problems that an operation may answer with, for the OpenAPI document.

The examples are made by the exception handler that answers real requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rest_framework import exceptions
from rest_framework.response import Response

from config.api.conditional import PreconditionFailed
from config.api.idempotency import KeyInUse, KeyReused
from config.api.problems import (
    Conflict,
    Gone,
    PayloadTooLarge,
    Unavailable,
)
from config.api.scopes import READ, InsufficientScope, LimitedToLists
from config.json import JSONObject

if TYPE_CHECKING:
    from config.api.views import Endpoint

DESCRIPTIONS = {
    400: "The request could not be read, or a field is not valid; see `errors`.",
    401: "The credential is missing or not valid.",
    403: "The credential is valid, but does not permit this request.",
    404: "The object does not exist, or belongs to another user.",
    409: "The current state does not allow this request; see `code`.",
    410: "The requested part is no longer kept; see `code`.",
    412: "The object has changed since the version in `If-Match`.",
    413: "The body is too large.",
    415: "The media type of the body is not supported.",
    422: "A field is not valid, or the `Idempotency-Key` was used for another request.",
    429: "Too many requests; see `Retry-After`.",
    503: "A part of the service is unavailable; see `Retry-After`.",
}
UNSAFE_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


def names_object(path: str) -> bool:
    """Tell whether a path holds the id of an object, apart from the user's."""
    return "_id}" in path.replace("{user_id}", "")


def possible_problems(
    view: Endpoint, method: str, path: str, operation: JSONObject
) -> Iterator[exceptions.APIException]:
    """Yield one problem of each kind that `operation` may answer with."""
    declared = {int(status) for status in operation["responses"]}
    is_public = operation["security"] == []
    is_repeatable = method == "POST" and view.accepts_idempotency_key
    yield from (problem() for problem in view.refusals.get(method, ()))
    if "requestBody" in operation:
        yield exceptions.ParseError("The body is not valid JSON: Expecting value.")
        yield PayloadTooLarge()
        yield exceptions.UnsupportedMediaType("text/plain")
    if "requestBody" in operation or _takes(operation, "query") or is_repeatable:
        yield exceptions.ValidationError({"field": ["This value is not valid."]})
    if not is_public or 401 in declared:
        yield exceptions.NotAuthenticated()
    if not is_public and method in UNSAFE_METHODS:
        yield exceptions.PermissionDenied()
    if view.scopes.get(method):
        yield InsufficientScope(READ)  # one example for all, as for every code
        if method not in view.list_methods:
            yield LimitedToLists()
    for permission in view.get_permissions():
        if code := getattr(permission, "code", None):
            message = getattr(permission, "message", None)
            yield exceptions.PermissionDenied(message, code)
    if names_object(path) or 404 in declared:
        yield exceptions.NotFound()
    for refusal in view.conflicts.get(method, ()):
        yield Conflict(str(refusal()), refusal.code)
    if 410 in declared:
        yield Gone()
    if _takes(operation, "header", "If-Match"):
        yield PreconditionFailed()
    if is_repeatable:
        yield KeyInUse()
        yield KeyReused()
    yield exceptions.Throttled(wait=41)
    yield Unavailable()


def _takes(operation: JSONObject, place: str, name: str = "") -> bool:
    return any(
        parameter["in"] == place and name in {"", parameter["name"]}
        for parameter in operation.get("parameters", [])
    )


def add_problem(responses: JSONObject, answer: Response, schema: JSONObject) -> None:
    """Add a problem to the responses of an operation, as one of the examples."""
    response = responses.setdefault(str(answer.status_code), {})
    if "content" not in response:
        response["description"] = DESCRIPTIONS[answer.status_code]
        media_type = answer.content_type or "application/json"
        response["content"] = {media_type: {"schema": schema, "examples": {}}}
    (content,) = response["content"].values()
    code = answer.data.get("code") or answer.data["error"]["code"]
    content["examples"].setdefault(code, {"value": answer.data})
