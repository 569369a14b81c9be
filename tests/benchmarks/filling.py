"""Fill an empty database and select some of its users: a program of its own.

`python -m tests.benchmarks.filling --tasks N --users N CALLERS` migrates the database
of the environment, fills it, and writes to CALLERS, as JSON, up to `CALLERS_MAX` users:
each with id, access token, the tasks that `GET tasks` shows first, and others to
complete. `--issuer URL` links each to an identity whose subject is the user's id.
`--history` stores an entry of the ledger for each task, and `--sessions` gives some of
the users a session of the pages.
"""

import argparse
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import django
from tqdm import tqdm
from uuid_utils.compat import uuid7

LISTED = 50  # tasks on the first page of a list
TASKS_EACH = 100  # at least, for a first page and tasks to complete
CALLERS_MAX = 2_000
COMPLETABLE_EACH = 30  # of one user, after the first page
POSITION_STEP = 1_000_000
BROWSERS = 5  # users with a session of the pages
CHUNK = 5_000  # rows at once
TOKEN_LIFETIME = timedelta(hours=6)  # longer than any run


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--issuer", help="of whose tokens the users have identities")
    parser.add_argument("--history", action="store_true", help="fill the ledger too")
    parser.add_argument("--sessions", action="store_true", help="sign browsers in")
    parser.add_argument("callers", type=Path)
    options = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    callers = fill(
        tasks=options.tasks, users=options.users, with_history=options.history
    )
    if options.issuer:
        link(callers, options.issuer)
    if options.sessions:
        sign_in(callers[:BROWSERS])
    options.callers.touch(mode=0o600)
    options.callers.write_text(json.dumps(callers))


def fill(*, tasks: int, users: int, with_history: bool) -> list[dict[str, Any]]:
    """Store `users` with the same number of tasks each, and return some of them."""
    from django.db import connection

    from accounts.models import User
    from todos.models import Label, TaskLabel, TaskList

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # COPY takes its time
    owners = [User(email=f"caller{n}@example.com", password="!") for n in range(users)]
    inboxes = [TaskList(owner=owner, name="Inbox", is_inbox=True) for owner in owners]
    labels = [Label(owner=owner, name="Home", key="home") for owner in owners]
    for rows in (owners, inboxes, labels):
        store(rows)

    every = max(1, -(-users // CALLERS_MAX))
    callers = {owner.pk: _caller(owner) for owner in owners[::every]}
    new = (
        task
        for inbox in inboxes
        for task in _tasks_of(inbox, count=tasks // users, callers=callers)
    )
    label_of = {label.owner_id: label for label in labels}
    bar = tqdm(total=tasks, desc="filling", unit=" tasks", disable=None)
    while chunk := list(islice(new, CHUNK)):
        store(chunk)
        store(
            [
                TaskLabel(
                    owner_id=task.owner_id, task=task, label=label_of[task.owner_id]
                )
                for task in chunk[::3]
            ]
        )
        if with_history:
            store(_entries(chunk))
        bar.update(len(chunk))
    bar.close()
    if with_history:
        store(_ledgers(owners, entries=tasks // users))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Otherwise autovacuum runs during a measurement.
            cursor.execute("VACUUM (ANALYZE)")
            cursor.execute("CHECKPOINT")  # as well
    return list(callers.values())


def link(callers: list[dict[str, Any]], issuer: str) -> None:
    """Link each caller to an identity of the issuer, as its first token would."""
    from django.utils import timezone

    from accounts.models import LinkedIdentity

    now = timezone.now()
    LinkedIdentity.objects.bulk_create(
        LinkedIdentity(
            user_id=caller["user_id"],
            issuer=issuer,
            subject=caller["user_id"],
            created_at=now,
            last_used_at=now,
        )
        for caller in callers
    )


def _entries(tasks: list[Any]) -> list[Any]:
    """Return the entry of the ledger for each task: that it was created."""
    from todos.models import Change

    return [
        Change(
            owner_id=task.owner_id,
            seq=task.position // POSITION_STEP + 1,
            at=task.updated_at,
            entity=Change.Entity.TASK,
            entity_id=task.pk,
            kind=Change.Kind.CREATED,
            after={"title": task.title, "notes": task.notes, "labels": []},
            credential="benchmark",
            batch=task.pk,
        )
        for task in tasks
    ]


def _ledgers(owners: list[Any], *, entries: int) -> list[Any]:
    from todos.models import Ledger

    return [Ledger(owner=owner, last_seq=entries, stored=entries) for owner in owners]


def sign_in(callers: list[dict[str, Any]]) -> None:
    """Give each caller the cookie of a browser that has signed in."""
    from django.conf import settings

    from accounts.models import User
    from tests.signing_in import browser_of

    logging.disable(logging.INFO)  # each sign-in is a security event
    for caller in callers:
        browser = browser_of(User.objects.get(pk=caller["user_id"]))
        caller["session"] = browser.cookies[settings.SESSION_COOKIE_NAME].value


def store(rows: list[Any]) -> None:
    """Store new rows of one model: on PostgreSQL by COPY, which is fastest there."""
    from django.db import connection
    from django.db.models import JSONField

    model = type(rows[0])
    if connection.vendor != "postgresql":
        model.objects.bulk_create(rows, batch_size=CHUNK)
        return
    fields = [
        field
        for field in model._meta.concrete_fields
        # The database generates these.
        if not (field.primary_key and field.get_internal_type() == "BigAutoField")
    ]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    connection.ensure_connection()
    with (
        # Not Django's, which refuses COPY: it would not name its user.
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
    ):
        # Django would convert every value. The driver knows all types except JSON.
        in_json = [n for n, field in enumerate(fields) if isinstance(field, JSONField)]
        for row in rows:
            values = [field.pre_save(row, True) for field in fields]
            for n in in_json:
                values[n] = fields[n].get_db_prep_save(values[n], connection)
            copy.write_row(values)


def _caller(owner: Any) -> dict[str, Any]:
    """Return the user with a token like that of a sign-in, with a longer lifetime."""
    from django.utils import timezone

    from accounts.models import RefreshFamily
    from accounts.tokens import AccessToken

    now = timezone.now()
    family = RefreshFamily.objects.create(
        user=owner,
        epoch=owner.credential_epoch,
        created_at=now,
        refreshed_at=now,
        expires_at=now + TOKEN_LIFETIME,
    )
    token = AccessToken.of_family(family, pair=uuid7())
    token.set_exp(lifetime=TOKEN_LIFETIME)
    return {
        "user_id": str(owner.pk),
        "token": str(token),
        "listed": [],
        "completable": [],
    }


def _tasks_of(
    inbox: Any, *, count: int, callers: dict[Any, dict[str, Any]]
) -> Iterator[Any]:
    """Create the tasks of one user: four of five open, every third with a date."""
    from django.utils import timezone

    from todos.models import Task

    now = timezone.now()
    # The plan's route lists the newest first. These remain the newest, so that every
    # list of a run is equal, whatever is created meanwhile.
    newest = now + timedelta(days=1)
    caller = callers.get(inbox.owner_id)
    for n in range(count):
        task = Task(
            owner_id=inbox.owner_id,
            list=inbox,
            title=f"Task {n} of many, with a title of the usual length",
            notes="" if n % 4 else "A few words about what is to be done.",
            due_date=None if n % 3 else now.date() + timedelta(days=n % 20 - 5),
            position=n * POSITION_STEP,
            completed_at=now if n % 5 == 4 else None,
            created_at=newest - timedelta(seconds=n),
            updated_at=now,
        )
        if caller and task.completed_at is None:
            if len(caller["listed"]) < LISTED:
                caller["listed"].append(str(task.pk))
            elif len(caller["completable"]) < COMPLETABLE_EACH:
                caller["completable"].append(str(task.pk))
        yield task


if __name__ == "__main__":
    main()
