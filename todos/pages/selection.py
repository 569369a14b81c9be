"""Selecting several rows of a page: whether it shows boxes, and the URLs for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

PARAMETER = "select"
SOME, ALL = "1", "all"  # its values


@dataclass(frozen=True, slots=True)
class Selection:
    """Whether the page `here` shows boxes beside its rows, and all of them checked."""

    here: str
    is_on: bool
    is_all: bool

    @classmethod
    def of(cls, query: Mapping[str, str], *, here: str) -> Self:
        """Read the query of a page."""
        value = query.get(PARAMETER, "")
        return cls(here, is_on=bool(value), is_all=value == ALL)

    @property
    def url(self) -> str:
        """The page with boxes, none of them checked."""
        return selecting(self.here, SOME)

    @property
    def all_url(self) -> str:
        """The page with all boxes checked."""
        return selecting(self.here, ALL)

    @property
    def cancel(self) -> str:
        """The page without boxes."""
        return selecting(self.here, "")


def selecting(path: str, value: str = SOME) -> str:
    """Return the path with boxes, or without them if the value is empty."""
    parts = urlsplit(path)
    pairs = parse_qsl(parts.query)
    # With boxes, no details are open.
    dropped = {PARAMETER, "task"} if value else {PARAMETER}
    query = [pair for pair in pairs if pair[0] not in dropped]
    if value:
        query.append((PARAMETER, value))
    return parts._replace(query=urlencode(query), fragment="").geturl()
