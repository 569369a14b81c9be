"""Files in the comments of Todoist: `[[file {"file_name": …, "file_url": …}]]`."""

from __future__ import annotations

import json

BEFORE, AFTER = "[[file ", "]]"
TRIES_MAX = 10  # in one comment; Todoist writes one
DECODER = json.JSONDecoder()


def with_addresses(text: str) -> tuple[str, int]:
    """Return a comment with the name and address of each file, and their number.

    What is not a file as Todoist writes it stays as it is.
    """
    pieces: list[str] = []
    count = position = 0
    for _ in range(TRIES_MAX):
        if (start := text.find(BEFORE, position)) < 0:
            break
        found = _file_at(text, start + len(BEFORE))
        if found is None:
            end, description = start + len(BEFORE), text[start : start + len(BEFORE)]
        else:
            end, description = found
            count += 1
        pieces += text[position:start], description
        position = end
    return "".join([*pieces, text[position:]]), count


def _file_at(text: str, start: int) -> tuple[int, str] | None:
    """Return the end of the file that is described from `start` on, and its words."""
    try:
        file, end = DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if not isinstance(file, dict) or not text.startswith(AFTER, end):
        return None
    words = [file.get("file_name"), file.get("file_url")]
    known = [word for word in words if word and isinstance(word, str)]
    if not known:
        return None
    return end + len(AFTER), ": ".join(known)
