"""Entity tags: reading what has not changed for nothing, writing only what was seen."""

import re
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

ETAG = re.compile(r'(?:W/)?"v(\d{1,9})"')


class PreconditionFailed(APIException):
    """412: the object is no longer the one the caller has seen."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "The object has changed since you read it. Read it again."
    default_code = "version_conflict"


def etag(version: int) -> str:
    """Return the tag of a version of an object."""
    return f'"v{version}"'


def expected_version(request: Request) -> int | None:
    """Return the version that `If-Match` asks for; `None` where any will do.

    Raises:
        PreconditionFailed: the header holds no tag of ours, so it can't match.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = ETAG.fullmatch(header.strip())
    if match is None or header.strip().startswith("W/"):
        raise PreconditionFailed()
    return int(match[1])


def tagged(request: Request, body: Any, *, version: int, **kwargs: Any) -> Response:
    """Answer with the object's tag, or 304 where the caller has this version."""
    headers = {"ETag": etag(version)}
    header = request.headers.get("If-None-Match", "")
    known = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    if request.method in {"GET", "HEAD"} and known & {etag(version), "*"}:
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, **kwargs)
