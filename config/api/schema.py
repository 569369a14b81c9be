"""How the OpenAPI document is put together."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.openapi import AutoSchema

from config.api.idempotency import KEY_PATTERN
from config.api.problem_examples import describe, possible_refusals

if TYPE_CHECKING:
    from config.api.views import Endpoint

Endpoints = list[tuple[str, str, str, Any]]
Operation = dict[str, Any]


def keep_one_slash_form(endpoints: Endpoints, **kwargs: Any) -> Endpoints:
    """Drop `tasks/` beside `tasks`: they are one endpoint, documented once."""
    return [entry for entry in endpoints if not entry[0].endswith("/")]


class EndpointSchema(AutoSchema):
    """drf-spectacular's reading of a view, and what all endpoints share."""

    @property
    def endpoint(self) -> Endpoint:
        """The view, which is one of ours."""
        return cast("Endpoint", self.view)

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

    def get_operation(self, *args: Any) -> Operation | None:
        """Add the headers and the refusals, so that no view repeats them."""
        operation: Operation | None = super().get_operation(*args)
        if operation is None:
            return None
        _head_and_rest(operation)
        parameters = [*operation.get("parameters", []), *self._header_parameters()]
        for parameter in parameters:
            if parameter["in"] == "query":
                _allow_empty(parameter)
        if parameters:
            operation["parameters"] = parameters
        responses = operation["responses"]
        if self._is_tagged() and self.method == "GET":
            responses["304"] = {"description": "The caller has this version."}
        handler = self.endpoint.get_exception_handler()
        for refusal in possible_refusals(
            self.endpoint, self.method, self.path, operation
        ):
            answer = handler(refusal, {})
            describe(responses, answer, self._refusal_schema(answer.status_code))
        for status, response in responses.items():
            response["description"] = response["description"] or "Done."
            if headers := self._headers_of(status):
                response.setdefault("headers", {}).update(headers)
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        """Say of an answer what is always there, and of any object its `rules`.

        What has a default may be left out of a request, and is in every answer; what a
        PATCH leaves out stays, so a client must not fill it in. What
        an answer may lack is named by its serializer in `may_lack`, and in `never_null`
        what is null in requests alone. Of one that `is_a_choice`, exactly one field is
        there.
        """
        schema: dict[str, Any] = super()._map_basic_serializer(  # type: ignore[no-untyped-call]
            serializer, direction
        )
        if getattr(serializer, "is_a_choice", False):
            return _choice_of(schema)
        schema |= getattr(serializer, "rules", {})
        if direction == "response" or getattr(serializer, "partial", False):
            for member in schema["properties"].values():
                member.pop("default", None)
        if direction == "response":
            lacking = getattr(serializer, "may_lack", ())
            for name in getattr(serializer, "never_null", ()):
                schema["properties"][name].pop("nullable", None)
            schema["required"] = sorted(schema["properties"].keys() - set(lacking))
        return schema

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the `bounds` of a field that are not checked by the field itself."""
        schema = super()._map_serializer_field(field, *args, **kwargs)  # type: ignore[no-untyped-call]
        return schema and schema | getattr(field, "bounds", {})

    def _get_request_for_media_type(self, serializer: Any, *args: Any) -> Any:
        """Know that one of several fields is needed, though no certain one is."""
        schema, is_required = super()._get_request_for_media_type(  # type: ignore[no-untyped-call]
            serializer, *args
        )
        return schema, is_required or getattr(serializer, "is_a_choice", False)

    def _refusal_schema(self, status: int) -> dict[str, Any]:
        serializer = self.endpoint.refusal_serializers.get(
            status, self.endpoint.refusal_serializer
        )
        schema: dict[str, Any] = self.resolve_serializer(serializer, "response").ref
        return schema

    def _is_tagged(self) -> bool:
        return self.method in self.endpoint.tagged

    def _header_parameters(self) -> list[dict[str, Any]]:
        names = []
        if self.method == "POST" and self.endpoint.is_repeatable:
            names.append("IdempotencyKey")
        if self.method in self.endpoint.conditional:
            names.append("IfMatch")
        if self._is_tagged() and self.method == "GET":
            names.append("IfNoneMatch")
        return [PARAMETERS[name] for name in names]

    def _headers_of(self, status: str) -> dict[str, Any]:
        names = []
        if status.startswith("2") or status == "429":
            names += ["RateLimit", "RateLimit-Policy"]
        if self._is_tagged() and status in {"200", "201", "304"}:
            names.append("ETag")
        if (
            status.startswith("2")
            and self.method == "POST"
            and self.endpoint.is_repeatable
        ):
            names.append("Idempotency-Replayed")
        if status in {"429", "503"}:
            names.append("Retry-After")
        if status == "401":
            names.append("WWW-Authenticate")
        return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _choice_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return an object with one of the fields as a choice of objects with just it."""
    return {
        "description": schema["description"],
        "oneOf": [
            {"type": "object", "properties": {name: member}, "required": [name]}
            for name, member in schema["properties"].items()
        ],
    }


def _head_and_rest(operation: Operation) -> None:
    """Make the first sentence of a description the summary, and keep the others."""
    prose = " ".join(operation.pop("description", "").split())
    head, _, rest = prose.partition(". ")
    operation["summary"] = head.removesuffix(".")
    if rest:
        operation["description"] = rest


def _allow_empty(parameter: dict[str, Any]) -> None:
    """Say that an empty query parameter means what its absence means."""
    items = parameter["schema"].get("items", {})
    if items.get("type") == "string" and not {"format", "enum"} & items.keys():
        items.pop("minLength", None)
    else:
        parameter["allowEmptyValue"] = True


def _header(
    name: str, description: str, *, example: str, **schema: Any
) -> dict[str, Any]:
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
        "For a request that may be sent again: within 24 hours it acts once.",
        example="5d1f4f4e-8a0e-4c0b-9a57-0d7f2ac1d6a3",
        pattern=KEY_PATTERN,
    ),
    "IfMatch": _header(
        "If-Match", "The `ETag` of the version that may be changed.", example='"v3"'
    ),
    "IfNoneMatch": _header(
        "If-None-Match", "The `ETag` of the version that is known.", example='"v3"'
    ),
}
HEADERS = {
    "ETag": {
        "schema": {"type": "string", "examples": ['"v3"']},
        "description": "Names this version.",
    },
    "Idempotency-Replayed": {
        "schema": {"type": "string", "const": "true"},
        "description": "There for an answer that was given before.",
    },
    "RateLimit": {
        "schema": {"type": "string", "examples": ['"user";r=1187;t=41']},
        "description": "How many requests are left (`r`), for how many seconds (`t`).",
    },
    "RateLimit-Policy": {
        "schema": {"type": "string", "examples": ['"user";q=1200;w=60']},
        "description": "How many requests (`q`) may come in how many seconds (`w`).",
    },
    "Retry-After": {
        "schema": {"type": "integer", "minimum": 1},
        "description": "When to come back, in seconds.",
    },
    "WWW-Authenticate": {
        "schema": {"type": "string", "const": "Bearer"},
        "description": "The scheme of the credential that is wanted.",
    },
}


def describe_headers(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the headers that answers refer to."""
    result["components"]["headers"] = HEADERS
    return result


def add_examples(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Give each object the example that its app has for it, and each parameter."""
    schemas = result["components"]["schemas"]
    told: dict[str, dict[str, Any]] = {}
    for module in settings.API_EXAMPLES:
        for name, example in import_string(f"{module}.EXAMPLES").items():
            schemas[name]["examples"] = [example]
        told |= import_string(f"{module}.PARAMETERS")
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                for key, value in told.get(parameter["name"], {}).items():
                    parameter.setdefault(key, value)
    return result


def share_refusals(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Write each refusal once, and refer to it from every operation that may give it.

    Its name tells face, status and codes: `Problem409_in_trash`.
    """
    shared = result["components"].setdefault("responses", {})
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    name = _name_of_refusal(status, response)
                    shared[name] = response
                    operation["responses"][status] = {
                        "$ref": f"#/components/responses/{name}"
                    }
    return result


def _name_of_refusal(status: str, response: dict[str, Any]) -> str:
    (content,) = response["content"].values()
    component = content["schema"]["$ref"].rpartition("/")[2]
    return "_".join([component + status, *content["examples"]])


def describe_field_selection(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say that with `fields` an answer may hold any part of its objects."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "fields":
                    parameter["explode"] = False
                    media = operation["responses"]["200"]["content"]["application/json"]
                    media["schema"] = _whole_or_part(media["schema"], schemas)
    return result


def _whole_or_part(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, _part_of(schema, schemas)]}


def _part_of(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to the same object, or page of objects, without all fields."""
    name = schema["$ref"].rpartition("/")[2]
    part = copy.deepcopy(schemas[name])
    results = part["properties"].get("results")
    if results is None:
        part.pop("required", None)
        part["description"] = f"The fields of {name} that were asked for."
    else:
        results["items"] = _part_of(results["items"], schemas)
    schemas[f"Part{name}"] = part
    return {"$ref": f"#/components/schemas/Part{name}"}
