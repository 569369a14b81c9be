"""The OpenAPI document prepared for its page: operations by tag, fields in tables.

Pure functions from the document to the values that the template shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from config.json import JSONObject

Document: TypeAlias = JSONObject
Schema: TypeAlias = JSONObject

METHODS = ("get", "post", "put", "patch", "delete")
# What a path has more if it names the user; the plan's has both forms.
ROUTE_MATCHES = ("users/{user_id}/", "{user_id}/")


@dataclass(frozen=True)
class Field:
    """A parameter, or a member of an object."""

    name: str
    type: str
    description: str = ""
    is_required: bool = False
    is_optional: bool = False  # in a response
    place: str = ""  # of a parameter: path, query or header

    @property
    def notes(self) -> str:
        """All properties but the name and the type."""
        required = "required" if self.is_required else ""
        absent = "may be absent" if self.is_optional else ""
        parts = (self.place, required, absent, self.description)
        return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Answer:
    """A response of an operation, with the name of the object it holds."""

    status: str
    description: str
    type: str
    object: str


@dataclass(frozen=True)
class Operation:
    """A method of a path. `also` are its paths that name the user."""

    id: str
    method: str
    path: str
    description: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]
    also: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """The operations with one tag."""

    name: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True)
class Shape:
    """An object in responses."""

    name: str
    description: str
    fields: list[Field]


def sections(document: Document) -> list[Section]:
    """Return the operations by tag."""
    found: dict[str, Section] = {}
    paths = document["paths"]
    for path, *longer in _routes(paths):
        operations = paths[path]
        for method in METHODS:
            if operation := operations.get(method):
                tag = operation["tags"][0]
                section = found.setdefault(tag, Section(tag))
                section.operations.append(
                    _operation(
                        document,
                        method,
                        path,
                        operation,
                        also=[one for one in longer if method in paths[one]],
                    )
                )
    # The plan's contract, which has no version, comes last.
    return sorted(found.values(), key=lambda section: section.name == "plan")


def _routes(paths: Iterable[str]) -> Iterable[list[str]]:
    """Return the paths of the same views together, the shortest first."""
    found: dict[str, list[str]] = {}
    for path in paths:
        shortest = path
        for match in ROUTE_MATCHES:
            shortest = shortest.replace(match, "")
        found.setdefault(shortest, []).append(path)
    return (sorted(same, key=len) for same in found.values())


def shapes(document: Document) -> list[Shape]:
    """Return the objects in responses, by name."""
    schemas = document["components"]["schemas"]
    return [
        Shape(name, _prose(schema), list(_members(schema)))
        for name, schema in sorted(schemas.items())
        if _properties(schema)
        and not name.endswith("Request")
        and not name.startswith("Part")
    ]


def _operation(
    document: Document, method: str, path: str, operation: Schema, *, also: list[str]
) -> Operation:
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        description=_sentences(operation),
        parameters=[
            Field(
                name=parameter["name"],
                type=type_words(parameter.get("schema", {})),
                description=_prose(parameter),
                is_required=parameter.get("required", False),
                place=parameter["in"],
            )
            for parameter in operation.get("parameters", [])
        ],
        body=list(_body(document, operation)),
        answers=[
            _answer(document, status, answer)
            for status, answer in sorted(operation["responses"].items())
        ],
        also=also,
    )


def _sentences(operation: Schema) -> str:
    head, rest = operation.get("summary", ""), _prose(operation)
    return f"{_prose({'description': head})}. {rest}".strip() if head else rest


def _body(document: Document, operation: Schema) -> Iterator[Field]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield from _fields(document, _resolved(document, media["schema"]))
        return  # all media types have the same object


def _answer(document: Document, status: str, answer: Schema) -> Answer:
    if shared := _name(answer):
        answer = document["components"]["responses"][shared]
    schemas = [media.get("schema", {}) for media in answer.get("content", {}).values()]
    schema = schemas[0] if schemas else {}
    # A whole object, or its requested fields.
    schema = schema.get("anyOf", [schema])[0]
    name = _name(schema) or _name(schema.get("items", {}))
    words = type_words(schema) if schema else "no body"
    return Answer(status, _prose(answer), words, name)


def _fields(document: Document, schema: Schema) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, member in _properties(schema).items():
        yield Field(
            name=name,
            type=type_words(member),
            description=_prose(member),
            is_required=name in required,
        )


def _members(schema: Schema) -> Iterator[Field]:
    always = schema.get("required", [])
    for name, member in _properties(schema).items():
        words, prose = type_words(member), _prose(member)
        yield Field(name, words, prose, is_optional=name not in always)


def _properties(schema: Schema) -> Schema:
    """Return the members of an object, or of all alternatives of `oneOf`."""
    several = [*schema.get("oneOf", []), schema]
    return {
        name: member
        for one in several
        for name, member in one.get("properties", {}).items()
    }


def _resolved(document: Document, schema: Schema) -> Schema:
    name = _name(schema)
    found: Schema = document["components"]["schemas"][name] if name else schema
    return found


def _name(schema: Schema) -> str:
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2]


def type_words(schema: Schema) -> str:
    """Describe the type of a value: `text, at most 500`, `date or null`, `Task`."""
    if name := _name(schema):
        return name.removesuffix("Request")
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(map(type_words, schema[several])))
    if "enum" in schema:
        return "one of " + ", ".join(_plain(value) for value in schema["enum"])
    if "const" in schema:
        return _plain(schema["const"])
    types = schema.get("type", "anything")
    names = [types] if isinstance(types, str) else types
    return " or ".join(_one_type(name, schema) for name in names)


def _one_type(name: str, schema: Schema) -> str:
    if name == "array":
        return f"array of {type_words(schema.get('items', {}))}"
    if name in {"integer", "number"} and {"minimum", "maximum"} <= schema.keys():
        return f"{name} {schema['minimum']} to {schema['maximum']}"
    if name == "string":
        words: str = schema.get("format", "text")
        limit = schema.get("maxLength")
        return f"{words}, at most {limit:,}" if limit else words
    return name


def _prose(schema: Schema) -> str:
    # The page does not render the backticks of docstrings.
    text: str = schema.get("description", "")
    return text.replace("`", "")


def _plain(value: object) -> str:
    return "null" if value is None else str(value) or "empty"
