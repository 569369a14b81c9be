"""Toasts in templates: their actions, and the first one before the title."""

from collections.abc import Iterable

from django import template
from django.contrib.messages.storage.base import Message
from django.utils.text import Truncator

from config.toasts import ToastAction, actions_of

TITLE_SHOWN = 80  # characters

register = template.Library()


@register.filter
def toast_actions(message: Message) -> list[ToastAction]:
    """Return the buttons and links of a toast."""
    return actions_of(message)


@register.simple_tag
def before_title(messages: Iterable[Message] | None) -> str:
    """Return the first message for the title of the page, which screen readers read.

    Without a script, it is the only announcement of a message on a page that just
    loaded.
    """
    first = next(iter(messages or ()), None)
    return f"{Truncator(str(first)).chars(TITLE_SHOWN)} · " if first else ""
