"""Security events about the rights of staff, for those whose rights are changed."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import events
from accounts.models import SecurityEvent, User

OF_ACCOUNT = {"is_staff", "groups"}  # fields of the form of an account
OF_GROUP = "permissions"  # the field of the form of a group


def record_account(user: User, changed: Iterable[str], *, by: User) -> None:
    """Record a change of the form of an account, if it changed rights."""
    fields = OF_ACCOUNT.intersection(changed)
    if not fields:
        return
    about = "groups"
    if "is_staff" in fields:
        about = "made staff" if user.is_staff else "no longer staff"
    _record(user, about, by)


def record_groups(groups: Iterable[Group], *, by: User) -> None:
    """Record for each member that the groups permit something else, or are deleted.

    The members come in one order, because each locks the chain of their events.
    """
    members: Any = User.objects.filter(groups__in=list(groups))
    for user in members.order_by("pk").distinct():
        _record(user, "permissions of a group", by)


def _record(user: User, about: str, by: User) -> None:
    kind = SecurityEvent.Kind.STAFF_CHANGED
    events.record(user, kind, at=timezone.now(), by=by, about=about)
