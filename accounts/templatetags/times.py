"""The filter that shows a time by the clock of the user."""

from datetime import datetime, time

from django import template

from accounts.times import time_words

register = template.Library()


@register.filter
def clock(at: datetime | time, time_format: str) -> str:
    """Show a time, or the time of an instant to the minute, by the user's clock.

    For example `{{ event.at|timezone:user.zone|clock:user.clock }}`.
    """
    if isinstance(at, datetime):
        at = time(at.hour, at.minute)
    return time_words(at, time_format)
