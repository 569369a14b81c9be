"""Entity tags: reading what has not changed for nothing, writing only what was seen."""

import re
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

ETAG = re.compile(r'"v(\d{1,9})(?:\.\d{1,9})*"')


class PreconditionFailed(APIException):
    """412: the object is no longer the one the caller has seen."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "The object has changed since you read it. Read it again."
    default_code = "version_conflict"


def etag(version: int, *counts: int) -> str:
    """Return the tag of a version of an object.

    `counts` are what an answer tells besides the object, such as the steps of a task:
    they change without it, and a reader must see that.
    """
    told = counts if any(counts) else ()
    return f'"v{".".join(map(str, (version, *told)))}"'


def expected_version(request: Request) -> frozenset[int] | None:
    """Return the versions that `If-Match` allows; `None` where any will do.

    Of a tag, only the version counts: a step that was ticked meanwhile is no reason to
    refuse a change of its task. A weak tag never matches (RFC 9110 section 13.1.1).

    Raises:
        PreconditionFailed: the header holds no tag of ours, so it can't match.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    matches = (ETAG.fullmatch(tag.strip()) for tag in header.split(","))
    versions = frozenset(int(match[1]) for match in matches if match)
    if not versions:
        raise PreconditionFailed()
    return versions


def tagged(request: Request, body: Any, *, tag: str, **kwargs: Any) -> Response:
    """Answer with the object's tag, or 304 where the caller has this version."""
    headers = {"ETag": tag}
    header = request.headers.get("If-None-Match", "")
    known = {one.strip().removeprefix("W/") for one in header.split(",")}
    if request.method in {"GET", "HEAD"} and known & {tag, "*"}:
        return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, **kwargs)
