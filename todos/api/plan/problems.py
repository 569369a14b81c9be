"""How the plan's routes say no.

    {"detail": "title: Write a text, in quotes.",
     "error": {"code": "invalid", "message": "title: Write a text, in quotes.",
               "details": {"title": ["Write a text, in quotes."]}}}

Known clients read either `detail` or `error`, so both are there. `detail` is always one
string, because clients print it; what is wrong with which field is in `details`.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework import exceptions, serializers, status
from rest_framework.response import Response

from config.api.problems import (
    as_refusal,
    code_of,
    detail_of,
    errors_by_field,
    refusal_headers,
)


def handle_exception(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer `exc` in the plan's form, or `None` for what is a bug of ours.

    Validation is 422 here, as in the plan; a body that can't be read at all is 400.
    """
    refusal = as_refusal(exc)
    if refusal is None:
        return None
    is_validation = isinstance(refusal, exceptions.ValidationError)
    return Response(
        _body(refusal),
        status=status.HTTP_422_UNPROCESSABLE_ENTITY
        if is_validation
        else refusal.status_code,
        headers=refusal_headers(refusal),
    )


def _body(refusal: exceptions.APIException) -> dict[str, Any]:
    detail = detail_of(refusal)
    is_validation = isinstance(refusal, exceptions.ValidationError)
    return {
        "detail": detail,
        "error": {
            "code": code_of(refusal),
            "message": detail,
            "details": errors_by_field(refusal) if is_validation else {},
        },
    }


class PlanErrorDetailSerializer(serializers.Serializer[Any]):
    """What went wrong. Decide by `code`, not by the texts."""

    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        read_only=True,
        help_text="What is wrong with which field.",
    )


class PlanErrorSerializer(serializers.Serializer[Any]):
    """The refusals of the plan's routes, for the OpenAPI document."""

    detail = serializers.CharField()
    error = PlanErrorDetailSerializer()
