"""The form field that names the user of the page; see `config.drafts`."""

from django import template
from django.template import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.drafts import PAGE_OF, mark_of

register = template.Library()


@register.simple_tag(takes_context=True)
def page_of(context: RequestContext) -> SafeString:
    """Return the hidden field with the mark of the signed-in user."""
    user = context.request.user
    assert user.is_authenticated
    mark = mark_of(user)
    return format_html('<input type="hidden" name="{}" value="{}">', PAGE_OF, mark)
