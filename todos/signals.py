"""Every account begins with an inbox, however the account came to be."""

from typing import Any

from django.db.models.signals import post_save

from accounts.models import User
from todos.models import TaskList


def connect() -> None:
    """Give each new user an inbox, in the transaction that stores the user.

    A signal, because accounts must not know that there are tasks.
    """
    post_save.connect(_make_inbox, sender=User, dispatch_uid="todos.signals")


def _make_inbox(
    sender: type[User], instance: User, created: bool, raw: bool, **kwargs: Any
) -> None:
    if created and not raw:
        TaskList.objects.create(owner=instance, name="Inbox", is_inbox=True)
