"""A filter for the numbers of the navigation: `{{ list.open_count|counted }}`."""

from django import template

from todos.compiled_queries import COUNTED_MAX

register = template.Library()


@register.filter
def counted(number: int) -> str:
    """Return the number, or `999+` for one that was not counted to the end."""
    return f"{COUNTED_MAX}+" if number > COUNTED_MAX else str(number)
