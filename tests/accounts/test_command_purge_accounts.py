from base64 import b64decode
from datetime import timedelta
from io import StringIO

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import (
    credentials,
    events,
    leaving,
    session_binding,
    support,
    tokens,
)
from accounts.browser_sessions import SessionStore
from accounts.management.commands import purge_accounts
from accounts.models import (
    BrowserSession,
    LinkedIdentity,
    SecurityEvent,
    SupportLook,
    User,
)
from config import drafts
from tests.factories import TaskFactory, UserFactory
from tests.personal_tokens import token_of
from tests.signing_in import trusting, with_app
from todos.models import IdempotentAnswer, ImportFile

NOW = timezone.now
CACHE = "ownlist_cache"


def purge(**options):
    out = StringIO()
    call_command("purge_accounts", stdout=out, **options)
    return out.getvalue()


def due(user, *, days_ago=8):
    """Let the user request deletion; after 7 days it is due."""
    credentials.request_deletion(user=user, at=NOW() - timedelta(days=days_ago))
    return user


def live(user, *, colleague):
    """Create a row that names the user in every table that can have one."""
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    with_app(user, at=NOW())
    pair = tokens.start_family(user=user, at=NOW())
    tokens.rotate(refresh=pair.refresh, at=NOW())
    token_of(user, name="cherry")
    trusting(user, at=NOW())
    task = TaskFactory(owner=user, title="quince", notes="walnut", labels=["medlar"])
    TaskFactory(owner=user, parent_id=task.pk)
    IdempotentAnswer.objects.create(
        owner=user,
        key="once",
        request_digest=b"digest",
        status=201,
        body=b"quince",
        created_at=NOW(),
    )
    ImportFile.objects.create(
        owner=user,
        name="quince.csv",
        format="csv",
        content=b"walnut",
        created_at=NOW(),
    )
    LinkedIdentity.objects.create(
        user=user,
        issuer="https://issuer.example",
        subject="cherry",
        created_at=NOW(),
        last_used_at=NOW(),
    )
    SocialAccount.objects.create(
        user=user, provider="openid", uid="cherry", extra_data={"name": "cherry"}
    )
    EmailConfirmation.create(EmailAddress.objects.get(user=user)).save()
    for owner, staff in ((user, colleague), (colleague, user)):
        now = NOW()
        grant = support.grant(user=owner, minutes=15, reason="quince", at=now)
        opening = {"staff": staff, "user_id": owner.pk, "at": now}
        support.enter_code(code=support.code_of(grant), **opening)
        with support.look(page=SupportLook.Page.LISTS, **opening):
            pass
    colleague.support_grants.update(reason="help")
    user.groups.add(Group.objects.create(name="some group"))
    user.user_permissions.add(Permission.objects.first())
    for actor, about in ((colleague, user), (user, colleague)):
        LogEntry.objects.log_actions(actor.pk, [about], CHANGE, "Deactivated.")
        events.record(about, SecurityEvent.Kind.DEACTIVATED, at=NOW(), by=actor)


def browse(user):
    """Leave sessions that name the user without signing them in, in each way."""
    for content in (
        {leaving.KEY: {"user": str(user.pk), "epoch": 0, "until": 0.0}},
        {session_binding.KEY: {"user": str(user.pk), "token": "digest"}},
        {drafts.SESSION_KEY: {"key": {"owner": str(user.pk), "fields": ["quince"]}}},
        {"account_login": {"user_pk": user.pk.hex, "email": user.email}},
        {"_messages": f"We wrote to {user.email}."},
    ):
        session = SessionStore()
        session.update(content)
        session.save()


def models_that_point_at_a_user():
    return [
        (model, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.is_relation
        and (field.many_to_one or field.one_to_one)
        and field.concrete
        and field.related_model is User
    ]


def whole_database():
    """Every row of every table as text, with what sessions hold."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            yield from (f"{table}: {row}" for row in cursor.fetchall())
    for session in BrowserSession.objects.all():
        yield f"session: {session.get_decoded()}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT value FROM {CACHE}")  # noqa: S608
        yield from (f"cache: {b64decode(value)}" for (value,) in cursor.fetchall())


def traces_of(user):
    words = [str(user.pk), user.pk.hex, user.email, "quince", "walnut", "medlar"]
    return [
        row for row in whole_database() for word in [*words, "cherry"] if word in row
    ]


def test_leaves_nothing_of_the_user_in_any_table(alice, bob):
    live(alice, colleague=bob)
    for model, field in models_that_point_at_a_user():
        found = model.objects.filter(**{field: alice}).exists()
        assert found, f"Let live() leave a row of {model.__name__}.{field}."
    browse(alice)
    due(alice)

    printed = purge()

    assert printed == "Accounts deleted: 1\n"
    assert traces_of(alice) == []


def test_leaves_all_other_users_unchanged(alice, bob):
    live(bob, colleague=UserFactory())
    browse(bob)
    before = list(whole_database())
    due(UserFactory(), days_ago=8)

    purge()

    changed = set(before) ^ set(whole_database())
    assert [row.partition(":")[0] for row in changed] == ["config_commandrun"]


def test_keeps_what_a_former_colleague_did_to_others_without_naming_them(alice, bob):
    live(alice, colleague=bob)
    due(alice)

    purge()

    event = bob.security_events.get(kind=SecurityEvent.Kind.DEACTIVATED)
    assert event.by is None


def test_waits_until_the_week_has_passed(alice, bob):
    due(alice, days_ago=6)

    printed = purge()

    assert printed == "Accounts deleted: 0\n"
    assert User.objects.filter(pk=alice.pk).exists()


def test_does_not_delete_a_reactivated_account(alice):
    credentials.reactivate(user=due(alice), at=NOW())

    purge()

    assert User.objects.filter(pk=alice.pk).exists()


def test_deletes_more_than_one_batch(alice):
    for user in UserFactory.create_batch(45):
        due(user)

    printed = purge()

    assert printed.startswith("Accounts deleted: 45\n")
    assert list(User.objects.all()) == [alice]


def test_a_dry_run_only_counts(alice, bob):
    due(alice)

    printed = purge(dry_run=True)

    assert printed == "Accounts to delete: 1\n"
    assert User.objects.count() == 2


def test_prints_no_address(alice):
    due(alice)

    assert alice.email not in purge(dry_run=True) + purge()


@pytest.mark.django_db
def test_does_nothing_in_an_empty_database():
    assert purge() == "Accounts deleted: 0\n"


def test_an_account_with_many_rows_is_deleted_in_small_transactions(monkeypatch, alice):
    monkeypatch.setattr(purge_accounts, "ROWS", 10)
    TaskFactory.create_batch(25, owner=alice)
    due(alice)
    deleted = []

    def note(execute, sql, params, many, context):
        done = execute(sql, params, many, context)
        if sql.startswith("DELETE"):
            deleted.append(context["cursor"].rowcount)
        return done

    with connection.execute_wrapper(note):
        purge()

    assert not User.objects.filter(pk=alice.pk).exists()
    assert sum(deleted) > 50  # the tasks and their entries in the ledger
    assert max(deleted) <= 10


def test_a_started_deletion_cannot_be_cancelled(monkeypatch, alice):
    TaskFactory(owner=alice)
    due(alice)
    begin = purge_accounts._begin

    def and_then_call_it_off(**arguments):
        users = begin(**arguments)
        for user in users:
            credentials.reactivate(user=user, at=NOW())
            assert not User.objects.get(pk=user.pk).is_active
        return users

    monkeypatch.setattr(purge_accounts, "_begin", and_then_call_it_off)

    purge()

    assert not User.objects.filter(pk=alice.pk).exists()


def test_a_purge_that_was_interrupted_leaves_nothing_after_the_next(monkeypatch, alice):
    browse(due(alice))

    def fail(user):
        _delete(user)
        raise RuntimeError

    _delete = purge_accounts._delete
    with monkeypatch.context() as patch:
        patch.setattr(purge_accounts, "_delete", fail)
        with pytest.raises(RuntimeError):
            purge()
    purge()

    assert not User.objects.filter(pk=alice.pk).exists()
    assert not BrowserSession.objects.exists()
