"""How the OpenAPI document is assembled: drf-spectacular, and our conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework.serializers import Serializer

from config.api.extensions import RegistersItself
from config.api.fields import ExactlyOneField, PlainSerializer
from config.api.idempotency import KEY_PATTERN
from config.api.problem_examples import (
    UNSAFE_METHODS,
    add_problem,
    names_object,
    possible_problems,
)
from config.json import JSONObject

if TYPE_CHECKING:
    from config.api.views import Endpoint


class EndpointSchema(AutoSchema):
    """The operations of an endpoint, with the headers and problems that all share."""

    @property
    def endpoint(self) -> Endpoint:
        return cast("Endpoint", self.view)

    def get_tags(self) -> list[str]:
        return [self.endpoint.tag] if self.endpoint.tag else super().get_tags()

    def get_request_serializer(self) -> PlainSerializer | None:
        input_class = self.endpoint.input_class
        if input_class is None:
            return None
        return input_class(partial=self.method in self.endpoint.partial_methods)

    def get_operation(self, *args: Any) -> JSONObject | None:
        """Add the headers and the problems, so that no view repeats them."""
        operation: JSONObject | None = super().get_operation(*args)
        if operation is None:
            return None
        operation["operationId"] = (
            self.endpoint.operation_prefix + operation["operationId"]
        )
        if operation.get("security", [{}]) == [{}]:
            # No credential. `[{}]` means the same, but some generators of clients then
            # ask for one.
            operation["security"] = []
        _split_summary(operation)
        self._add_parameters(operation)
        if issubclass(self.endpoint.input_class or Serializer, ExactlyOneField):
            operation["requestBody"]["required"] = True
        self._add_problems(operation)
        responses: JSONObject = operation["responses"]
        for status, response in responses.items():
            response["description"] = response["description"] or "Done."
            if headers := self._headers_of(status):
                response.setdefault("headers", {}).update(headers)
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _add_parameters(self, operation: JSONObject) -> None:
        parameters = [*operation.get("parameters", []), *self._header_parameters()]
        for parameter in parameters:
            if parameter["in"] == "query":
                _allow_empty(parameter)
        if parameters:
            operation["parameters"] = parameters

    def _add_problems(self, operation: JSONObject) -> None:
        responses = operation["responses"]
        if self._sends_etag() and self.method == "GET":
            responses["304"] = {"description": "The caller has this version."}
        schemas = {
            status: _schema_of(response.pop("content"))
            for status, response in responses.items()
            if status >= "400" and "content" in response
        }
        default = self.resolve_serializer(self.endpoint.problem_class, "response").ref
        handler = self.endpoint.get_exception_handler()
        for problem in possible_problems(
            self.endpoint, self.method, self.path, operation
        ):
            answer = handler(problem, {})
            schema = schemas.get(str(answer.status_code), default)
            add_problem(responses, answer, schema)

    def _sends_etag(self) -> bool:
        return (
            self.endpoint.is_versioned
            and self.method != "DELETE"
            and (self.method == "POST" or names_object(self.path))
        )

    def _honours_if_match(self) -> bool:
        return (
            self.endpoint.is_versioned
            and self.method in UNSAFE_METHODS
            and names_object(self.path)
        )

    def _header_parameters(self) -> list[JSONObject]:
        names = []
        if self.method == "POST" and self.endpoint.accepts_idempotency_key:
            names.append("IdempotencyKey")
        if self._honours_if_match():
            names.append("IfMatch")
        if self._sends_etag() and self.method == "GET":
            names.append("IfNoneMatch")
        return [PARAMETERS[name] for name in names]

    def _headers_of(self, status: str) -> JSONObject:
        is_success = status.startswith("2")
        names = []
        if is_success or status == "429":
            names += ["RateLimit", "RateLimit-Policy"]
        if self._sends_etag() and status in {"200", "201", "304"}:
            names.append("ETag")
        if (
            is_success
            and self.method == "POST"
            and self.endpoint.accepts_idempotency_key
        ):
            names.append("Idempotency-Replayed")
        if status in {"429", "503"}:
            names.append("Retry-After")
        if status == "401":
            names.append("WWW-Authenticate")
        return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


class SerializerSchema(RegistersItself, OpenApiSerializerExtension):
    """Describe an object more precisely than drf-spectacular infers it.

    A field with a default may be omitted from a request, but is in every response. A
    serializer and its fields may declare:

    - `optional_in_response`: names of fields that a response may omit
    - `never_null_in_response`: names of fields that only a request may set to null
    - `schema_keywords`: further keywords of the JSON Schema
    """

    target_class = Serializer
    match_subclasses = True

    def map_serializer(
        self, auto_schema: AutoSchema, direction: Direction
    ) -> JSONObject:
        serializer: PlainSerializer = self.target
        schema: JSONObject = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            serializer, direction, bypass_extensions=True
        )
        if isinstance(serializer, ExactlyOneField):
            return _one_of(schema)
        schema |= getattr(serializer, "schema_keywords", {})
        members: JSONObject = schema.get("properties", {})
        for name, member in members.items():
            member |= getattr(serializer.fields[name], "schema_keywords", {})
            if direction == "response" or serializer.partial:
                member.pop("default", None)  # a PATCH leaves absent fields unchanged
        if direction == "response":
            for name in getattr(serializer, "never_null_in_response", ()):
                _never_null(members[name])
            optional = getattr(serializer, "optional_in_response", ())
            schema["required"] = sorted(members.keys() - set(optional))
        return schema


def _never_null(schema: JSONObject) -> None:
    kinds = schema["type"]
    if isinstance(kinds, list):
        (schema["type"],) = (kind for kind in kinds if kind != "null")


def _one_of(schema: JSONObject) -> JSONObject:
    """Return a choice of objects, each with exactly one of the fields."""
    return {
        "description": schema["description"],
        "oneOf": [
            {"type": "object", "properties": {name: member}, "required": [name]}
            for name, member in schema["properties"].items()
        ],
    }


def _schema_of(content: JSONObject) -> JSONObject:
    (media,) = content.values()
    schema: JSONObject = media["schema"]
    return schema


def _split_summary(operation: JSONObject) -> None:
    """Make the first sentence of the description the summary."""
    prose = " ".join(operation.pop("description", "").split())
    head, _, rest = prose.partition(". ")
    operation["summary"] = head.removesuffix(".")
    if rest:
        operation["description"] = rest


def _allow_empty(parameter: JSONObject) -> None:
    """Declare that an empty query parameter is treated as absent."""
    items = parameter["schema"].get("items", {})
    if items.get("type") == "string" and not {"format", "enum"} & items.keys():
        items.pop("minLength", None)
    else:
        parameter["allowEmptyValue"] = True


def _header(name: str, description: str, *, example: str, **schema: Any) -> JSONObject:
    return {
        "in": "header",
        "name": name,
        "schema": {"type": "string", **schema},
        "description": description,
        "example": example,
    }


PARAMETERS = {
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "A unique key that makes retries safe: within 24 hours, the first request with"
        " it is carried out and repetitions get the same answer.",
        example="5d1f4f4e-8a0e-4c0b-9a57-0d7f2ac1d6a3",
        pattern=KEY_PATTERN,
    ),
    "IfMatch": _header(
        "If-Match",
        "The `ETag` of the version to change; 412 if it is not current.",
        example='"v3"',
    ),
    "IfNoneMatch": _header(
        "If-None-Match",
        "The `ETag` of the version you have; 304 if it is current.",
        example='"v3"',
    ),
}
HEADERS = {
    "ETag": {
        "schema": {"type": "string", "examples": ['"v3"']},
        "description": "The version of the object.",
    },
    "Idempotency-Replayed": {
        "schema": {"type": "string", "const": "true"},
        "description": "Present if this is the stored answer of an earlier request.",
    },
    "RateLimit": {
        "schema": {"type": "string", "examples": ['"user";r=1187;t=41']},
        "description": "Requests left (`r`) and seconds until the limit resets (`t`).",
    },
    "RateLimit-Policy": {
        "schema": {"type": "string", "examples": ['"user";q=1200;w=60']},
        "description": "Requests allowed (`q`) in a window of seconds (`w`).",
    },
    "Retry-After": {
        "schema": {"type": "integer", "minimum": 1},
        "description": "Seconds to wait before the next request.",
    },
    "WWW-Authenticate": {
        "schema": {"type": "string", "const": "Bearer"},
        "description": "The authentication scheme to use.",
    },
}
