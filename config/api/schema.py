"""How the OpenAPI document is put together."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

Endpoints = list[tuple[str, str, str, Any]]


def keep_one_slash_form(endpoints: Endpoints, **kwargs: Any) -> Endpoints:
    """Drop `tasks/` beside `tasks`: they are one endpoint, documented once."""
    return [entry for entry in endpoints if not entry[0].endswith("/")]


class EndpointSchema(AutoSchema):
    """drf-spectacular's reading of a view, with tags from the path."""

    def get_operation_id(self) -> str:
        """Name the operation as the view does in `operations`, by method.

        The same view under `users/{user_id}/` is another operation.
        """
        named: dict[str, str] = getattr(self.view, "operations", {})
        if self.method not in named:
            return super().get_operation_id()
        prefix = "user_" if "/users/{user_id}/" in self.path else ""
        return prefix + named[self.method]

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
    wanted = set(responses) & REFUSALS.keys() | {"429", "503"}
    if operation.get("security") != [{}]:
        wanted.add("401")
    if "requestBody" in operation:
        wanted |= {"400", "413", "415"}
    if operation.get("parameters"):
        wanted.add("400")
    if "_id}" in path.replace("{user_id}", ""):
        wanted.add("404")
    if "{user_id}" in path:
        wanted.add("403")
    for status in sorted(wanted):
        if "content" not in responses.get(status, {}):
            responses[status] = _problem_answer(REFUSALS[status])


REFUSALS = {
    "400": "The request is not valid; `errors` names the fields.",
    "401": "No credential, or one that is not valid.",
    "403": "The caller is known, but this is not for them.",
    "404": "No such object, or not the caller's.",
    "409": "The object is not in a state that allows this; `code` says why.",
    "412": "The object has changed since the version that `If-Match` names.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The request is not valid; `errors` names the fields.",
    "429": "Too many requests; see Retry-After.",
    "503": "A part of the service is away; see Retry-After.",
}


def _problem_answer(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": schema}}
    return {"description": description, "content": content}
