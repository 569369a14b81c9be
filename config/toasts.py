"""Toasts: Django's messages with buttons and links.

The actions of a toast are stored in the extra tags of its message, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class ToastAction:
    """A link, or a button that posts the `fields` to the path."""

    label: str
    path: str
    is_form: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


def add_toast(
    request: HttpRequest,
    text: str,
    actions: Iterable[ToastAction] = (),
    *,
    level: int = messages.SUCCESS,
) -> None:
    """Show a toast on the next page."""
    stored = [asdict(action) for action in actions]
    messages.add_message(
        request, level, text, extra_tags=json.dumps(stored) if stored else ""
    )


def actions_of(message: Message) -> list[ToastAction]:
    """Return the actions of a message; those of other code have none."""
    if not message.extra_tags:
        return []
    return [ToastAction(**stored) for stored in json.loads(message.extra_tags)]
