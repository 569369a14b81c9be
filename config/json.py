"""The type of JSON objects."""

from typing import Any, TypeAlias

# What the members hold differs from document to document.
JSONObject: TypeAlias = dict[str, Any]
