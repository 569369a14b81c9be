"""Fill the database of the attacked server, and print who and what is there as JSON.

`python -m tests.security.cast ISSUER` runs with the environment of the server. Alice is
the victim, Bob the attacker with an account, and Sam is support staff.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import django


def cast(issuer: str) -> dict[str, Any]:
    """Make users and objects. The rows of the access matrix get paths with her ids."""
    from django.utils import timezone

    from accounts import tokens
    from accounts.models import LinkedIdentity
    from tests import support
    from tests import test_access_matrix as matrix
    from tests.changes import caller_of
    from tests.factories import TaskFactory, TaskListFactory, UserFactory
    from tests.signing_in import browser_of, password_at
    from todos import actions
    from todos.models import Task

    now = timezone.now()
    users = {
        name: UserFactory(
            email=f"{name}.surname@example.com",
            display_name=name.title(),
            is_staff=name == "sam",
        )
        for name in ("alice", "bob", "sam")
    }
    support.join(users["sam"])
    objects = matrix.AliceObjects(users["alice"])
    Task.objects.filter(owner=users["alice"]).update(title=SECRET_TITLE)
    LinkedIdentity.objects.create(
        user=users["alice"],
        issuer=issuer,
        subject="user-1",
        created_at=now,
        last_used_at=now,
    )
    bob = users["bob"]
    callers = {}
    for name, user in users.items():
        pair = tokens.start_family(user=user, at=now, authenticated_at=now)
        browser = browser_of(user, proof=password_at(now))
        callers[name] = {
            "id": str(user.pk),
            "email": user.email,
            "access": pair.access,
            "refresh": pair.refresh,
            "session": browser.cookies["ownlist_session"].value,
        }
    return {
        "users": callers,
        "tokens": personal_tokens_of(users, objects),
        "factors": factors_of(issuer),
        "rows": {
            f"{row.method} {row.route}": {
                "path": objects.path_of(row.route),
                "body": objects.named_in.get(id(row.body), row.body),
            }
            for row in matrix.API + matrix.PAGES + matrix.ADMIN
        },
        "alice": {
            "task": str(objects.task.pk),
            "trashed": str(objects.trashed.pk),
            "list": str(objects.list.pk),
            "label": str(objects.label.pk),
            "batch": str(objects.batch),
            "upload": str(objects.upload.key),
            "identity": str(objects.identity.pk),
        },
        "bob": {
            "task": str(TaskFactory(owner=bob, title="Bob's own").pk),
            "list": str(TaskListFactory(owner=bob, name="Bob's own").pk),
            "label": str(actions.create_label(caller_of(bob), name="bobs").pk),
        },
    }


def personal_tokens_of(users: dict[str, Any], objects: Any) -> dict[str, str]:
    """Make personal access tokens, good ones and some that have ended."""
    from django.utils import timezone

    from accounts import credentials, personal_tokens
    from config.api.scopes import SCOPES
    from tests.factories import UserFactory
    from tests.personal_tokens import text_of, token_of

    alice = users["alice"]
    texts = {scope: text_of(alice, scope) for scope in SCOPES}
    texts["everything of bob"] = text_of(users["bob"])
    texts["one list"] = text_of(alice, lists=[objects.list.pk])
    texts["expired"] = text_of(alice, at=timezone.now() - timedelta(days=60))
    revoked, texts["revoked"] = token_of(alice)
    personal_tokens.revoke(user=alice, token_id=revoked.pk, at=timezone.now())
    gone = UserFactory(email="gone.surname@example.com")
    texts["ended with all others"] = text_of(gone)
    credentials.end_all(user=gone, at=timezone.now())
    locked = UserFactory(email="locked.surname@example.com")
    texts["of a locked user"] = text_of(locked)
    type(locked).objects.filter(pk=locked.pk).update(is_active=False)
    return texts


SECRET_TITLE = "zircon-marmalade-4711"  # of Alice's tasks; nobody else may read it


def factors_of(issuer: str) -> dict[str, Any]:
    """Make two users with a second factor, Dora and Eve, of whom Eve is the attacker.

    Eve also has a browser that she trusts.
    """
    from django.utils import timezone

    from accounts import factors
    from accounts.models import LinkedIdentity
    from tests.factories import UserFactory
    from tests.signing_in import trusting, with_app

    now = timezone.now()
    made: dict[str, Any] = {}
    for name in ("dora", "eve"):
        user = UserFactory(email=f"{name}.surname@example.com")
        secret = with_app(user, at=now - timedelta(hours=1))
        codes = factors.show_codes(user=user, at=now)
        made[name] = {"email": user.email, "secret": secret, "codes": codes}
        LinkedIdentity.objects.create(
            user=user, issuer=issuer, subject=name, created_at=now, last_used_at=now
        )
    response = trusting(user, at=now)
    made["eve"]["trusted"] = response.cookies["ownlist_trusted"].value
    return made


@contextmanager
def everything_shown() -> Iterator[None]:
    """Let this process see the rows of all users, also on PostgreSQL."""
    from django.db import connection

    from tests import runtime_role

    tables = [model._meta.db_table for model in runtime_role.owned_models()]
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for table in tables:
                    cursor.execute(runtime_role.POLICY.format(table=table))
            stack.enter_context(runtime_role.everything_shown_to_tests())
        yield
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"DROP POLICY tests ON {table}")


if __name__ == "__main__":
    django.setup()
    with everything_shown():
        made = cast(sys.argv[1])
    print(json.dumps(made))
