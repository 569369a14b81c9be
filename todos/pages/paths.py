"""The paths of pages about one object, for lists with many of them.

Django's `reverse` takes about as long as the rest of a row.
"""

from functools import cache
from uuid import UUID

from django.urls import reverse

_ANY = UUID(int=0)


def path_of(name: str, key: UUID) -> str:
    """Return the path of the route `name`, whose only argument is the key of a row."""
    return _path_of_any(name).replace(str(_ANY), str(key))


@cache
def _path_of_any(name: str) -> str:
    return reverse(name, args=[_ANY])
