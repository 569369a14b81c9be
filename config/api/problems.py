"""Problem documents: the errors of every endpoint under `/api/v1/` (RFC 9457).

    {"type": "about:blank", "title": "Bad Request", "status": 400,
     "detail": "title: Must be a string.", "code": "invalid",
     "errors": {"title": ["Must be a string."]}}

`detail` is always a string; `errors` is present if fields are not valid. A nested field
is named by its path: `recurrence.rrule`.
"""

from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from itertools import islice

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response

from config.api.fields import PlainSerializer
from config.json import JSONObject
from config.metrics.registry import registry
from config.outages import note_failure, part_of
from config.readiness import lacks_migration
from config.refusals import Refusal

RETRY_AFTER_OUTAGE = 5  # seconds
MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 100  # messages in one document
MESSAGE_MAX_LENGTH = 1000  # some messages quote the request
# The same for every credential, so that the caller learns nothing about the reason.
CREDENTIAL_REFUSED = "The credential is missing, expired or not valid."


class Conflict(exceptions.APIException):
    """409: the state of the object or the account does not allow the request."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The current state does not allow this request."
    default_code = "conflict"

    members: Mapping[str, object] = {}  # of the problem document (RFC 9457, 3.2)

    @classmethod
    def from_refusal(cls, refusal: Refusal) -> "Conflict":
        conflict = cls(str(refusal), refusal.code)
        conflict.members = refusal.members
        return conflict


class Gone(exceptions.APIException):
    """410: the requested part is no longer kept."""

    status_code = status.HTTP_410_GONE
    default_detail = "The requested part is no longer available."
    default_code = "cursor_expired"


class PayloadTooLarge(exceptions.APIException):
    """413: the body is larger than this endpoint accepts."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "payload_too_large"


class RequestTimeout(exceptions.APIException):
    """408: the body took too long to arrive."""

    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_detail = "The body took too long to arrive."
    default_code = "request_timeout"


class HeadersTooLarge(exceptions.APIException):
    """431: the URL and the headers together are larger than the limit."""

    status_code = status.HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE
    default_detail = "The URL and the headers are too large."
    default_code = "headers_too_large"


class Unavailable(exceptions.APIException):
    """503: a part that this request needs is unavailable; the request is valid."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "A part of the service is unavailable. Try again shortly."
    default_code = "unavailable"

    def __init__(self, *, wait: int = RETRY_AFTER_OUTAGE) -> None:
        super().__init__()
        self.wait = wait  # seconds


class ProblemSerializer(PlainSerializer):
    """An RFC 9457 problem document. Programs should check `code`, not the texts."""

    optional_in_response: Collection[str] = ("errors",)

    type = serializers.CharField(help_text="Always `about:blank`.")
    title = serializers.CharField(help_text="The name of the status.")
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(help_text="What went wrong, for users.")
    code = serializers.CharField(
        help_text="What went wrong, for programs. Codes do not change."
    )
    errors = serializers.DictField(  # type: ignore[assignment]  # shadows a property
        child=serializers.ListField(child=serializers.CharField()),
        read_only=True,
        help_text=f"Messages by field, at most {ERRORS_MAX}.",
    )


def handle_exception(exc: Exception, context: Mapping[str, object]) -> Response | None:
    """Answer `exc` with a problem document, or return `None` for an internal error."""
    error = as_api_exception(exc)
    if error is None:
        return None
    registry.count("refusals", code_of(error))
    return Response(
        problem_document(error),
        status=error.status_code,
        headers=problem_headers(error),
        content_type=MEDIA_TYPE,
    )


def as_api_exception(exc: Exception) -> exceptions.APIException | None:
    """Translate exceptions of Django and of the actions into REST framework's."""
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
    if part_of(exc):
        note_failure(exc)
        return Unavailable()
    if lacks_migration(exc):
        return Unavailable()
    return None


def field_messages(error: ValidationError) -> dict[str, list[str]]:
    """Return the messages of a Django validation error by field."""
    if hasattr(error, "error_dict"):
        by_field: dict[str, list[str]] = error.message_dict
        return {_public(field): texts for field, texts in by_field.items()}
    return {"non_field_errors": list(error.messages)}


def _public(field: str) -> str:
    return "non_field_errors" if field == "__all__" else field


def problem_document(error: exceptions.APIException) -> JSONObject:
    """Return the problem document of `error`; the module's docstring has an example."""
    document: JSONObject = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": detail_of(error),
        "code": code_of(error),
    }
    if isinstance(error, Conflict):
        document |= error.members
    if isinstance(error, exceptions.ValidationError):
        document["errors"] = errors_by_field(error)
    return document


def errors_by_field(error: exceptions.APIException) -> dict[str, list[str]]:
    """Return the first `ERRORS_MAX` messages of a validation error by field path."""
    errors: dict[str, list[str]] = {}
    for path, message in islice(_flatten(error.detail), ERRORS_MAX):
        errors.setdefault(path or "non_field_errors", []).append(message)
    return errors


def _flatten(detail: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (field path, message) from the nested details of REST framework."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list | tuple):
        for position, value in enumerate(detail):
            inner = path if isinstance(value, str) else f"{path}.{position}".lstrip(".")
            yield from _flatten(value, inner)
    else:
        # JSON can hold lone surrogates, which UTF-8 can't.
        text = str(detail)[:MESSAGE_MAX_LENGTH]
        yield path, text.encode("utf-8", "backslashreplace").decode()


def detail_of(error: exceptions.APIException) -> str:
    """Return the error as one text, with the first field that is not valid."""
    if not isinstance(error, exceptions.ValidationError):
        return str(error.detail)
    for field, messages in errors_by_field(error).items():
        prefix = "" if field == "non_field_errors" else f"{field}: "
        return f"{prefix}{messages[0]}"
    return "The request is not valid."


def code_of(error: exceptions.APIException) -> str:
    """Return the stable code of an error: `invalid` for every validation error."""
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    if isinstance(error, exceptions.AuthenticationFailed | exceptions.NotAuthenticated):
        return "token_not_valid"
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def problem_headers(error: exceptions.APIException) -> dict[str, str]:
    """Return `WWW-Authenticate` and `Retry-After`, if the error has them."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers
