"""The errors of the plan's routes.

    {"detail": "title: Must be a string.",
     "error": {"code": "invalid", "message": "title: Must be a string.",
               "details": {"title": ["Must be a string."]}}}

Known clients read either `detail` or `error`, so both are present. `detail` is always a
string, because clients display it; `details` has the messages by field.
"""

from collections.abc import Mapping

from rest_framework import exceptions, serializers, status
from rest_framework.response import Response

from config.api.fields import PlainSerializer
from config.api.problems import (
    as_api_exception,
    code_of,
    detail_of,
    errors_by_field,
    problem_headers,
)
from config.json import JSONObject
from config.metrics.registry import registry


def handle_exception(exc: Exception, context: Mapping[str, object]) -> Response | None:
    """Answer `exc` in the plan's format, or return `None` for an internal error.

    As in the plan, a validation error is 422; a body that can't be parsed is 400.
    """
    error = as_api_exception(exc)
    if error is None:
        return None
    registry.count("refusals", code_of(error))
    is_validation = isinstance(error, exceptions.ValidationError)
    return Response(
        _body(error),
        status=status.HTTP_422_UNPROCESSABLE_ENTITY
        if is_validation
        else error.status_code,
        headers=problem_headers(error),
    )


def _body(error: exceptions.APIException) -> JSONObject:
    detail = detail_of(error)
    is_validation = isinstance(error, exceptions.ValidationError)
    return {
        "detail": detail,
        "error": {
            "code": code_of(error),
            "message": detail,
            "details": errors_by_field(error) if is_validation else {},
        },
    }


class PlanErrorDetailSerializer(PlainSerializer):
    """What went wrong. Programs should check `code`, not the texts."""

    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        read_only=True,
        help_text="Messages by field.",
    )


class PlanErrorSerializer(PlainSerializer):
    """An error of the plan's routes."""

    detail = serializers.CharField()
    error = PlanErrorDetailSerializer()
