"""Notes in templates: `{{ task.notes|markdown }}`."""

from django import template
from django.utils.safestring import SafeString

from todos.markdown import render

register = template.Library()


@register.filter
def markdown(notes: str) -> SafeString:
    """Show notes as the Markdown that they are."""
    return render(notes)
