"""Creates the inbox of each new user, however the account is created."""

from django.db.models.signals import post_save

from accounts.models import User
from config.row_security import rows_of
from todos.models import TaskList


def connect() -> None:
    """Create the inbox in the transaction that stores the user.

    This uses a signal, because `accounts` must not depend on `todos`.
    """
    post_save.connect(_create_inbox, sender=User, dispatch_uid="todos.signals")


def _create_inbox(
    sender: type[User], instance: User, created: bool, raw: bool, **kwargs: object
) -> None:
    if created and not raw:
        with rows_of(instance.pk):
            TaskList.objects.create(owner=instance, name="Inbox", is_inbox=True)
