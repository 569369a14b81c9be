"""Factories of test data, which use the actions of the product."""

from datetime import UTC, date, datetime, time

import factory
from allauth.account.models import EmailAddress
from factory.django import DjangoModelFactory

from accounts.models import User
from tests.changes import caller_of
from todos import actions
from todos.models import Task, TaskList

PASSWORD = "correct horse battery staple"  # noqa: S105 - for accounts that tests make
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class UserFactory(DjangoModelFactory):
    """A user who signed up by e-mail and can sign in with `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        user = model_class.objects.create_user(*args, **kwargs)
        if user.email:
            EmailAddress.objects.create(
                user=user, email=user.email, primary=True, verified=True
            )
        return user


class _ByAction(DjangoModelFactory):
    """Objects created by an action, with their entries in the ledger."""

    _action = None

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        for name, kind in (
            ("due_date", date),
            ("start_date", date),
            ("due_time", time),
        ):
            if isinstance(kwargs.get(name), str):
                kwargs[name] = kind.fromisoformat(kwargs[name])
        caller = caller_of(kwargs.pop("owner"), kwargs.pop("at", None))
        return cls._action(caller, **kwargs)


class TaskListFactory(_ByAction):
    class Meta:
        model = TaskList

    _action = staticmethod(actions.create_list)
    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"List {n}")


class TaskFactory(_ByAction):
    """A task, by default in the inbox. Takes the arguments of the action."""

    class Meta:
        model = Task

    _action = staticmethod(actions.create_task)
    owner = factory.SubFactory(UserFactory)
    title = factory.Sequence(lambda n: f"Task {n}")
