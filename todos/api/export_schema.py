"""The JSON export in the OpenAPI document, taken from `docs/export.schema.json`.

That schema describes what an import accepts, where most members may be absent. An
export has all of them.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

from config.json import JSONObject

PREFIX = "#/components/schemas/"
REFERENCE: JSONObject = {"$ref": f"{PREFIX}Export"}


def describe_export(result: JSONObject, **kwargs: object) -> JSONObject:
    """Add the objects of the JSON export; a hook of drf-spectacular."""
    path = settings.BASE_DIR / "docs" / "export.schema.json"
    schema: JSONObject = json.loads(path.read_text(encoding="utf-8"))
    definitions: JSONObject = schema.pop("$defs")
    objects = {name for name, one in definitions.items() if one.get("type") == "object"}

    def translated(part: Any) -> Any:
        if isinstance(part, list):
            return [translated(item) for item in part]
        if not isinstance(part, dict):
            return part
        if name := part.get("$ref", "").removeprefix("#/$defs/"):
            if name not in objects:
                return translated(definitions[name])
            return {"$ref": f"{PREFIX}{_component(name)}"}
        part = {key: translated(value) for key, value in part.items()}
        if "properties" in part:
            part["required"] = sorted(part["properties"])
        return part

    components = result["components"]["schemas"]
    for keyword in ("$schema", "title"):
        del schema[keyword]
    components["Export"] = translated(schema)
    for name in sorted(objects):
        components[_component(name)] = translated(definitions[name])
    return result


def _component(name: str) -> str:
    return f"Export{name.capitalize()}"
