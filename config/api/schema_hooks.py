"""Hooks of drf-spectacular that process the OpenAPI document as a whole."""

from __future__ import annotations

import copy

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.generators import SchemaGenerator

from config.api.schema import HEADERS
from config.json import JSONObject

Endpoints = list[tuple[str, str, str, object]]


def keep_one_slash_form(endpoints: Endpoints, **kwargs: object) -> Endpoints:
    """Document `tasks` and `tasks/` once: they are the same endpoint."""
    return [entry for entry in endpoints if not entry[0].endswith("/")]


def name_choices(
    result: JSONObject, generator: SchemaGenerator, **kwargs: object
) -> JSONObject:
    """Give each set of choices a name, and keep `null` where it is one of them.

    drf-spectacular's hook alone loses that.
    """
    nullable = [
        (members, name)
        for schema in result["components"]["schemas"].values()
        for members in [schema.get("properties", {})]
        for name, member in members.items()
        if "enum" in member and "null" in member["type"]
    ]
    name_enums = import_string("drf_spectacular.hooks.postprocess_schema_enums")
    name_enums(result, generator, **kwargs)
    for members, name in nullable:
        reference = members[name].pop("$ref")
        members[name] |= {"oneOf": [{"$ref": reference}, {"type": "null"}]}
    return result


def describe_headers(result: JSONObject, **kwargs: object) -> JSONObject:
    """Add the response headers that operations refer to."""
    result["components"]["headers"] = HEADERS
    return result


def add_examples(result: JSONObject, **kwargs: object) -> JSONObject:
    """Add the examples of the apps to objects and parameters, by name."""
    schemas = result["components"]["schemas"]
    parameters: dict[str, JSONObject] = {}
    for module in settings.API_EXAMPLES:
        for name, example in import_string(f"{module}.EXAMPLES").items():
            schemas[name]["examples"] = [example]
        parameters |= import_string(f"{module}.PARAMETERS")
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                for key, value in parameters.get(parameter["name"], {}).items():
                    parameter.setdefault(key, value)
    return result


def share_problems(result: JSONObject, **kwargs: object) -> JSONObject:
    """Define each problem response once, and refer to it from the operations.

    Its name holds schema, status and codes: `Problem409_in_trash`.
    """
    shared = result["components"].setdefault("responses", {})
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    name = _name_of_problem(status, response)
                    shared[name] = response
                    operation["responses"][status] = {
                        "$ref": f"#/components/responses/{name}"
                    }
    return result


def _name_of_problem(status: str, response: JSONObject) -> str:
    (content,) = response["content"].values()
    component = content["schema"]["$ref"].rpartition("/")[2]
    return "_".join([component + status, *content["examples"]])


def describe_field_selection(result: JSONObject, **kwargs: object) -> JSONObject:
    """Declare that with `fields` a response may hold any part of its objects."""
    schemas = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "fields":
                    parameter["explode"] = False
                    media = operation["responses"]["200"]["content"]["application/json"]
                    media["schema"] = _whole_or_part(media["schema"], schemas)
    return result


def _whole_or_part(schema: JSONObject, schemas: JSONObject) -> JSONObject:
    return {"anyOf": [schema, _part_of(schema, schemas)]}


def _part_of(schema: JSONObject, schemas: JSONObject) -> JSONObject:
    """Return a reference to the same object or page, with all fields optional."""
    name = schema["$ref"].rpartition("/")[2]
    part = copy.deepcopy(schemas[name])
    results = part["properties"].get("results")
    if results is None:
        part.pop("required", None)
        part["description"] = f"The requested fields of {name}."
    else:
        results["items"] = _part_of(results["items"], schemas)
    schemas[f"Part{name}"] = part
    return {"$ref": f"#/components/schemas/Part{name}"}
