"""The actions of a toast: `{% for action in message|toast_actions %}`."""

from django import template
from django.contrib.messages.storage.base import Message

from config.toasts import ToastAction, actions_of

register = template.Library()


@register.filter
def toast_actions(message: Message) -> list[ToastAction]:
    """Return the buttons and links of a toast."""
    return actions_of(message)
