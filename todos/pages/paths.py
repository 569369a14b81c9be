"""The paths of pages about one object, for lists with many of them.

Django's `reverse` takes about as long as the rest of a row.
"""

from functools import cache
from uuid import UUID

from django.urls import reverse

_ANY = UUID(int=0)


def path_of(name: str, key: UUID | str) -> str:
    """Return the path of the route `name`, whose only argument is the key of a row."""
    before, after = _around_key(name)
    return f"{before}{key}{after}"


@cache
def _around_key(name: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[_ANY]).partition(str(_ANY))
    return before, after
