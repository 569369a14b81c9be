"""Conditional requests: entity tags, `If-Match` and `If-None-Match` (RFC 9110)."""

import re
from collections.abc import Mapping

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from config.api.responses import Response

ETAG = re.compile(r'"v(\d{1,9})(?:\.\d{1,9})*"')


class PreconditionFailed(APIException):
    """412: the object has changed since the client read it."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "The object has changed since you read it. Read it again."
    default_code = "version_conflict"


def etag(version: int, *counts: int) -> str:
    """Return the entity tag of a version of an object.

    `counts` are values of the representation that change without the version, such as
    the number of completed steps of a task.
    """
    parts = (version, *counts) if any(counts) else (version,)
    return f'"v{".".join(map(str, parts))}"'


def expected_version(request: Request) -> frozenset[int] | None:
    """Return the versions that `If-Match` allows, or `None` if it allows any.

    Only the version part of a tag is compared: a step that was completed in the
    meantime must not prevent a change of its task. A weak tag never matches (RFC 9110
    section 13.1.1).

    Raises:
        PreconditionFailed: the header holds no valid tag, so none can match.
    """
    header = request.META.get("HTTP_IF_MATCH")
    if header is None or header.strip() == "*":
        return None
    matches = (ETAG.fullmatch(tag.strip()) for tag in header.split(","))
    versions = frozenset(int(match[1]) for match in matches if match)
    if not versions:
        raise PreconditionFailed()
    return versions


def conditional_response(
    request: Request,
    body: Mapping[str, object],
    *,
    tag: str,
    status: int = status.HTTP_200_OK,
) -> Response:
    """Return a response with the entity tag, or 304 if the client has this version."""
    headers = {"ETag": tag}
    header = request.META.get("HTTP_IF_NONE_MATCH", "")
    known = {one.strip().removeprefix("W/") for one in header.split(",")}
    if request.method in {"GET", "HEAD"} and known & {tag, "*"}:
        return Response(status=304, headers=headers)
    return Response(body, status=status, headers=headers)
