"""The icons of the pages: `{% icon "trash" %}` shows a shape of `icons.svg`."""

import re
from functools import cache, lru_cache

from django import template
from django.conf import settings
from django.template import TemplateSyntaxError
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

SHAPES = settings.BASE_DIR / "static" / "img" / "icons.svg"

register = template.Library()


@cache
def names() -> frozenset[str]:
    """Return the names of the shapes."""
    return frozenset(re.findall(r'<symbol id="([a-z-]+)"', SHAPES.read_text("utf-8")))


@register.simple_tag
def icon(name: str, css_class: str = "icon") -> SafeString:
    """Return a decorative icon; the element around it carries the accessible name.

    Raises:
        TemplateSyntaxError: there is no shape of this name.
    """
    if name not in names():
        raise TemplateSyntaxError(f"There is no icon named {name!r} in {SHAPES.name}.")
    return _markup(name, css_class)


@lru_cache(maxsize=512)  # a list of tasks has hundreds of icons, of few kinds
def _markup(name: str, css_class: str) -> SafeString:
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        css_class,
        static("img/icons.svg"),
        name,
    )
