"""Problem documents: how every endpoint under `/api/v1/` says no (RFC 9457).

    {"type": "about:blank", "title": "Bad Request", "status": 400,
     "detail": "title: Write a text, in quotes.", "code": "invalid",
     "errors": {"title": ["Write a text, in quotes."]}}

`detail` is always one string; `errors` is there where fields are to blame. A field
inside another is named by its path: `recurrence.rrule`.
"""

from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response

from config.refusals import Refusal

RETRY_AFTER_OUTAGE = 5  # seconds
MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 100  # in one document; a client that mends those may ask again
MESSAGE_MAX_LENGTH = 1000  # some messages repeat what was sent
# One text for every refusal of a credential: a caller learns nothing from the kind.
CREDENTIAL_REFUSED = "The credential is missing, expired or not valid."


class Conflict(exceptions.APIException):
    """409: the object is the caller's, but its state doesn't allow this."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The object is not in a state that allows this."
    default_code = "conflict"

    members: Mapping[str, object] = {}  # of the problem document (RFC 9457, 3.2)

    @classmethod
    def from_refusal(cls, refusal: Refusal) -> "Conflict":
        conflict = cls(str(refusal), refusal.code)
        conflict.members = refusal.members
        return conflict


class Gone(exceptions.APIException):
    """410: what the caller wants to go on from is no longer kept."""

    status_code = status.HTTP_410_GONE
    default_detail = "This is no longer kept."
    default_code = "cursor_expired"


class PayloadTooLarge(exceptions.APIException):
    """413: the body is larger than this endpoint reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "payload_too_large"


class RequestTimeout(exceptions.APIException):
    """408: the body took too long to arrive."""

    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_detail = "The body took too long to arrive."
    default_code = "request_timeout"


class HeadersTooLarge(exceptions.APIException):
    """431: the address and the headers together are larger than we read."""

    status_code = status.HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE
    default_detail = "The address and the headers are too large."
    default_code = "headers_too_large"


class Unavailable(exceptions.APIException):
    """503: a part that this request needs can't be reached; the caller did no wrong."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "A part of the service can't be reached. Try again shortly."
    default_code = "unavailable"

    def __init__(self, *, wait: int = RETRY_AFTER_OUTAGE) -> None:
        super().__init__()
        self.wait = wait  # seconds


class ProblemSerializer(serializers.Serializer[Any]):
    """An RFC 9457 problem document. Decide by `code`, not by the texts."""

    optional_in_response: Collection[str] = ("errors",)

    type = serializers.CharField(help_text="Always `about:blank`.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(help_text="What went wrong, in one sentence.")
    code = serializers.CharField(help_text="What went wrong, for programs; it stays.")
    errors = serializers.DictField(  # type: ignore[assignment]  # no clash: a field
        child=serializers.ListField(child=serializers.CharField()),
        read_only=True,
        help_text=f"What is wrong with which field: the first {ERRORS_MAX} messages.",
    )


def handle_exception(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer `exc` with a problem document, or `None` for what is a bug of ours."""
    refusal = as_refusal(exc)
    if refusal is None:
        return None
    return Response(
        problem(refusal),
        status=refusal.status_code,
        headers=refusal_headers(refusal),
        content_type=MEDIA_TYPE,
    )


def as_refusal(exc: Exception) -> exceptions.APIException | None:
    """Translate what Django and the domain raise into REST framework's exceptions."""
    if isinstance(exc, exceptions.NotAuthenticated):
        exc.detail = exceptions.ErrorDetail(CREDENTIAL_REFUSED, exc.default_code)
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, Refusal):
        return Conflict.from_refusal(exc)
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, ValidationError):
        return exceptions.ValidationError(field_messages(exc))
    if isinstance(exc, OperationalError | InterfaceError):
        return Unavailable()
    return None


def field_messages(error: ValidationError) -> dict[str, list[str]]:
    """Return a Django validation error as messages by field; `""` names none."""
    if hasattr(error, "error_dict"):
        by_field: dict[str, list[str]] = error.message_dict
        return {_public(field): texts for field, texts in by_field.items()}
    return {"non_field_errors": list(error.messages)}


def _public(field: str) -> str:
    return "non_field_errors" if field == "__all__" else field


def problem(refusal: exceptions.APIException) -> dict[str, Any]:
    """Return the document for `refusal`; see the module's head for its shape."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status_code).phrase,
        "status": refusal.status_code,
        "detail": detail_of(refusal),
        "code": code_of(refusal),
    }
    if isinstance(refusal, Conflict):
        document |= refusal.members
    if isinstance(refusal, exceptions.ValidationError):
        document["errors"] = errors_by_field(refusal)
    return document


def errors_by_field(refusal: exceptions.APIException) -> dict[str, list[str]]:
    """Return the messages of a validation error by the path of their field.

    No more than `ERRORS_MAX` of them, the first.
    """
    errors: dict[str, list[str]] = {}
    for path, message in islice(_flatten(refusal.detail), ERRORS_MAX):
        errors.setdefault(path or "non_field_errors", []).append(message)
    return errors


def _flatten(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk REST framework's nested details and yield (field path, message)."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list | tuple):
        for position, value in enumerate(detail):
            inner = path if isinstance(value, str) else f"{path}.{position}".lstrip(".")
            yield from _flatten(value, inner)
    else:
        # JSON can send what UTF-8 can't hold.
        text = str(detail)[:MESSAGE_MAX_LENGTH]
        yield path, text.encode("utf-8", "backslashreplace").decode()


def detail_of(refusal: exceptions.APIException) -> str:
    """Return the refusal as one sentence, naming the first field to blame."""
    if not isinstance(refusal, exceptions.ValidationError):
        return str(refusal.detail)
    for field, messages in errors_by_field(refusal).items():
        prefix = "" if field == "non_field_errors" else f"{field}: "
        return f"{prefix}{messages[0]}"
    return "The request is not valid."


def code_of(refusal: exceptions.APIException) -> str:
    """Return the refusal's stable code, `invalid` for every validation error."""
    if isinstance(refusal, exceptions.ValidationError):
        return "invalid"
    if isinstance(
        refusal, exceptions.AuthenticationFailed | exceptions.NotAuthenticated
    ):
        return "token_not_valid"
    codes = refusal.get_codes()
    return codes if isinstance(codes, str) else refusal.default_code


def refusal_headers(refusal: exceptions.APIException) -> dict[str, str]:
    """Return `WWW-Authenticate` and `Retry-After` where the refusal has them."""
    headers = {}
    if challenge := getattr(refusal, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(refusal, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers
