"""A filter that renders notes: `{{ task.notes|markdown }}`."""

from django import template
from django.utils.safestring import SafeString

from todos.markdown import render

register = template.Library()


@register.filter
def markdown(notes: str) -> SafeString:
    """Render Markdown as safe HTML."""
    return render(notes)
