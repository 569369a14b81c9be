"""Which refusals an operation may answer with, for the OpenAPI document.

The examples are made by the exception handler that answers real requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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

DESCRIPTIONS = {
    400: "The request can't be read, or is not valid: then the fields are named.",
    401: "No credential, or one that is not valid.",
    403: "The caller is known, but this is not for them.",
    404: "No such object, or not the caller's.",
    409: "The state of things does not allow this; `code` says why.",
    410: "What this refers to is no longer kept; `code` says what to do.",
    412: "The object has changed since the version that `If-Match` names.",
    413: "The body is too large.",
    415: "The body has a media type that is not read here.",
    422: "The request is not valid: the fields are named; or the key of another.",
    429: "Too many requests; see `Retry-After`.",
    503: "A part of the service is away; see `Retry-After`.",
}
WRONG_USER = "wrong_user"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def possible_refusals(
    view: Any, method: str, path: str, operation: dict[str, Any]
) -> Iterator[exceptions.APIException]:
    """Yield one refusal of each kind that `operation` may answer with."""
    declared = {int(status) for status in operation["responses"]}
    is_open = operation.get("security") == [{}]
    is_repeatable = method == "POST" and view.is_repeatable
    own = view.refusals.get(method, ())
    yield from own
    if "requestBody" in operation:
        yield exceptions.ParseError("The body is not valid JSON: Expecting value.")
        yield PayloadTooLarge()
        yield exceptions.UnsupportedMediaType("text/plain")
    if "requestBody" in operation or _takes(operation, "query") or is_repeatable:
        yield exceptions.ValidationError({"field": ["This value is not valid."]})
    if not is_open or 401 in declared:
        yield exceptions.NotAuthenticated()
    if not is_open and method in UNSAFE:
        yield exceptions.PermissionDenied()
    if "{user_id}" in path:
        yield exceptions.PermissionDenied("This route names someone else.", WRONG_USER)
    if "_id}" in path.replace("{user_id}", "") or 404 in declared:
        yield exceptions.NotFound()
    conflicts = view.conflicts.get(method, ())
    yield from (Conflict(str(refused()), refused.code) for refused in conflicts)
    if 409 in declared and not conflicts:
        yield Conflict()
    if 410 in declared:
        yield Gone()
    if method in view.conditional:
        yield PreconditionFailed()
    if is_repeatable:
        yield KeyInUse()
        yield KeyReused()
    yield exceptions.Throttled(wait=41)
    yield Unavailable()


def _takes(operation: dict[str, Any], place: str) -> bool:
    return any(each["in"] == place for each in operation.get("parameters", []))


def describe(
    responses: dict[str, Any],
    answer: Response,
    schema: dict[str, Any],
) -> None:
    """Add a refusal to the answers of an operation."""
    described = responses.setdefault(str(answer.status_code), {})
    if "content" not in described:
        described["description"] = DESCRIPTIONS[answer.status_code]
        media_type = answer.content_type or "application/json"
        described["content"] = {media_type: {"schema": schema, "examples": {}}}
    (content,) = described["content"].values()
    code = answer.data.get("code") or answer.data["error"]["code"]
    content["examples"].setdefault(code, {"value": answer.data})
