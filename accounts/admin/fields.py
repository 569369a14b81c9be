"""Read-only fields of the admin, and the counts that some of them show."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.db.models import Count, Expression, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User

Field = Callable[[User], str | bool]
M = TypeVar("M", bound=Model)


def read_only_field(
    name: str, label: str, *, boolean: bool = False, ordering: str | None = None
) -> Field:
    """Return a field that shows the column or annotation `name` under our label."""

    def field(user: User) -> str | bool:
        value: object = getattr(user, name)
        if isinstance(value, datetime):
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"  # as in the events
        return bool(value) if boolean else display_for_value(value, "none")

    field.__name__ = name
    return admin.display(
        field, description=label, boolean=boolean or None, ordering=ordering
    )


def count_of(rows: QuerySet[M], owner: str) -> Expression:
    """Return a subquery that counts the `rows` whose column `owner` is the user."""
    owned = rows.order_by().filter(**{owner: OuterRef("pk")}).values(owner)
    return Coalesce(Subquery(owned.annotate(rows=Count("pk")).values("rows")), 0)
