"""The archive of everything: complete, without secrets, and for its user only."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import archive, credentials
from accounts.models import SecurityEvent, User
from tests.accounts.test_command_purge_accounts import live
from tests.changes import caller_of
from tests.factories import PASSWORD, TaskFactory, UserFactory
from todos import actions
from todos.exports import archive as todos_archive

PAGE = reverse("accounts:export-everything")
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)

# Tables without rows of one user.
OF_NOBODY = {
    "accounts.EndedSession",
    "auth.Group",
    "auth.Group_permissions",
    "auth.Permission",
    "config.CommandRun",
    "config.RateCount",  # callers are digests
    "contenttypes.ContentType",
    "sessions.Session",  # unused, sessions have a table of their own
    "socialaccount.SocialApp",
}


def unzip(content):
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def archive_of(user):
    with archive.archive_file(user, at=AT) as file:
        return unzip(file.read())


def download(client, url=PAGE):
    return unzip(b"".join(client.post(url).streaming_content))


# --- Complete -----------------------------------------------------------------------


def refers_to_a_user(model, seen=()):
    """Tell whether a row of this model belongs to a user, directly or by others."""
    return model is User or any(
        refers_to_a_user(field.related_model, (*seen, model))
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model not in {*seen, model}
    )


def test_every_table_is_in_it_or_left_out_with_a_reason():
    models = apps.get_models(include_auto_created=True)
    of_users = {model._meta.label for model in models if refers_to_a_user(model)}
    shown = {label for part in archive.PARTS for label in part.models}

    assert not shown & set(archive.LEFT_OUT)
    assert shown | set(archive.LEFT_OUT) == of_users
    assert all(reason.endswith(".") for reason in archive.LEFT_OUT.values())


def test_every_other_table_is_known():
    models = apps.get_models(include_auto_created=True)
    others = {model._meta.label for model in models if not refers_to_a_user(model)}

    assert others == OF_NOBODY


TABLES = [
    *archive.TABLES_OF_ACCOUNT,
    *archive.TABLES_OF_SIGN_INS,
    *(archive.EVENTS, archive.GRANTS, archive.LOOKS),
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_in_it_or_left_out(table):
    columns = {f.attname for f in apps.get_model(table.model)._meta.concrete_fields}
    shown = {name for name in table.columns if "__" not in name}

    assert shown | set(table.without) == columns
    assert not shown & set(table.without)


def test_contains_a_row_of_each_table(alice, bob):
    live(alice, colleague=bob)

    found = archive_of(alice)

    for file in (part.file for part in archive.PARTS):
        assert found[file], file
    for file in ("account.json", "sign-ins.json", "support.json"):
        for name, rows in json.loads(found[file]).items():
            assert rows, name
    text = b"".join(found.values()).decode()
    for word in ("quince", "walnut", "medlar", "cherry", alice.email, str(alice.pk)):
        assert word in text
    assert json.loads(found["tasks.json"])["manifest"]["tasks"]["count"] == 2
    assert len(json.loads(found["history.json"])) >= 2
    assert [file for file in found if f'href="{file}"' not in text] == ["index.html"]


def test_an_empty_account_has_a_whole_archive(alice):
    found = archive_of(alice)

    assert json.loads(found["history.json"]) == []
    assert json.loads(found["account.json"])["account"][0]["id"] == str(alice.pk)
    assert "last-import-file" not in found


# --- Only what it should ------------------------------------------------------------


def test_contains_no_secret(alice, bob):
    live(alice, colleague=bob)
    secrets = [alice.password]
    for label in ("accounts.PersonalAccessToken", "mfa.Authenticator"):
        for row in apps.get_model(label).objects.values():
            data = row.get("data") or {}
            secrets += [row.get("digest", ""), *map(str, data.values())]

    assert len([secret for secret in secrets if len(secret) > 8]) >= 3
    text = b"".join(archive_of(alice).values()).decode()

    assert [secret for secret in secrets if len(secret) > 8 and secret in text] == []


def test_contains_nothing_of_anyone_else(alice, bob):
    live(bob, colleague=UserFactory())

    text = b"".join(archive_of(alice).values()).decode()

    for word in ("quince", "walnut", "medlar", "cherry", bob.email, str(bob.pk)):
        assert word not in text


def test_a_large_account_needs_little_memory(alice, monkeypatch):
    monkeypatch.setattr(archive, "IN_MEMORY", 100)
    TaskFactory(owner=alice, notes="x" * 20_000)

    with archive.archive_file(alice, at=AT) as file:
        assert not isinstance(file, io.BytesIO)  # but on the disk


def test_only_a_part_of_the_history_is_read_at_once(alice, monkeypatch):
    """PostgreSQL sends the whole result of a query, however it is iterated over."""
    monkeypatch.setattr(todos_archive, "CHANGES", 2)
    for number in range(5):
        actions.create_list(caller_of(alice), name=f"List {number}")

    with CaptureQueriesContext(connection) as queries:
        history = archive_of(alice)["history.json"]

    names = [change["after"]["name"] for change in json.loads(history)]
    assert names == [f"List {number}" for number in range(5)]
    reads = [one["sql"] for one in queries if "todos_change" in one["sql"]]
    assert reads
    assert all(" LIMIT 2" in sql for sql in reads)


# --- Pages --------------------------------------------------------------------------


def test_downloads_it_and_records_that(page_as, alice):
    TaskFactory(owner=alice, title="Quince")
    client = page_as(alice)

    found = download(client)

    assert b"Quince" in found["tasks.json"]
    event = alice.security_events.get(kind=SecurityEvent.Kind.EXPORTED)
    assert event.about == "everything"


def test_a_get_downloads_nothing(page_as, alice):
    response = page_as(alice).get(PAGE)

    assert "text/html" in response["Content-Type"]
    assert not alice.security_events.filter(kind="exported").exists()


def test_requires_a_recent_sign_in(page_as, alice):
    client = page_as(alice, authenticated_at=timezone.now() - timedelta(minutes=16))

    assert reverse("account_reauthenticate") in client.post(PAGE).url


def test_counts_as_an_export(page_as, alice, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"export": (1, 10**10)}
    client = page_as(alice)

    download(client)

    assert client.post(PAGE).status_code == 429


def test_a_user_who_is_leaving_downloads_it_too(client, alice):
    TaskFactory(owner=alice, title="Quince")
    credentials.request_deletion(user=alice, at=timezone.now())
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})

    found = download(client, reverse("accounts:leaving-download"))

    assert b"Quince" in found["tasks.json"]
    assert not User.objects.get(pk=alice.pk).is_active


def test_nobody_else_downloads_it_there(client, db):
    response = client.post(reverse("accounts:leaving-download"))

    assert response.url == reverse("accounts:leaving")
