"""How the OpenAPI document is put together."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

Endpoints = list[tuple[str, str, str, Any]]


def keep_one_slash_form(endpoints: Endpoints, **kwargs: Any) -> Endpoints:
    """Drop `tasks/` beside `tasks`: they are one endpoint, documented once."""
    return [entry for entry in endpoints if not entry[0].endswith("/")]


class EndpointSchema(AutoSchema):
    """drf-spectacular's reading of a view, with tags from the path."""

    def get_tags(self) -> list[str]:
        """Group operations by what they are about."""
        if explicit := getattr(self.view, "schema_tag", None):
            return [explicit]
        return super().get_tags()


PROBLEM_SCHEMA = {
    "type": "object",
    "description": "An RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "examples": ["Bad Request"]},
        "status": {"type": "integer", "examples": [400]},
        "detail": {"type": "string", "examples": ["title: This field is required."]},
        "code": {"type": "string", "examples": ["invalid"]},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "examples": [{"title": ["This field is required."]}],
        },
    },
}


def describe_errors(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the refusals that are the same everywhere, so that no view repeats them."""
    result["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    for path, operations in result["paths"].items():
        for operation in operations.values():
            _describe(path, operation)
    return result


def _describe(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    wanted = {"429": "Too many requests; see Retry-After.", "503": "Try again shortly."}
    if operation.get("security") != [{}]:
        wanted["401"] = "No credential, or one that is not valid."
    if "requestBody" in operation:
        wanted["400"] = "The body is not valid; `errors` names the fields."
        wanted["413"] = "The body is too large."
        wanted["415"] = "The body is not JSON."
    if "{id}" in path or "{task_id}" in path or "{list_id}" in path:
        wanted["404"] = "No such object, or not the caller's."
    if "{user_id}" in path:
        wanted["403"] = "The route names someone else."
    for status, description in wanted.items():
        responses.setdefault(
            status,
            {
                "description": description,
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/Problem"}
                    }
                },
            },
        )
