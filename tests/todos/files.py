"""Helpers for the tests of export and import."""

import hashlib
import io
import json
import re
from datetime import timedelta
from uuid import uuid5

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from todos import actions
from todos.exports.formats import export
from todos.exports.json import PARTS, canonical
from todos.imports.formats import import_file
from todos.models import Change, Label, Task, TaskList

UUIDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LATER = NOON + timedelta(days=30)


def exported(user, name="json"):
    """Return the complete export of a user."""
    return b"".join(export(user, name))


def import_for(user, body, name="json", *, at=LATER, **options):
    """Import a file, bytes or text, for a user."""
    if isinstance(body, str):
        body = body.encode()
    return import_file(caller_of(user, at), file=io.BytesIO(body), name=name, **options)


def sealed(document):
    """Return a document as a file with a correct manifest for any content."""
    parts = {}
    for name in PARTS:
        items = document[name] if name != "person" else [document[name]]
        lines = [canonical(item) for item in items]
        digest = hashlib.sha256(b"".join(lines)).hexdigest()
        parts[name] = {"count": len(lines), "sha256": digest}
    return json.dumps(document | {"manifest": {"version": 1} | parts}).encode()


def document_of(*tasks, lists=(), labels=()):
    """Return a document with an inbox, and with these tasks in it by default."""
    inbox = {"id": INBOX, "name": "Inbox", "is_inbox": True}
    return {
        "format": "ownlist",
        "version": 1,
        "person": {"timezone": "UTC", "day_start": 0, "week_start": "monday"},
        "lists": [inbox, *lists],
        "labels": list(labels),
        "tasks": [{"list": INBOX, "id": id_of(n)} | t for n, t in enumerate(tasks)],
    }


INBOX = "019a0000-0000-7000-8000-000000000000"


def id_of(number):
    """Return an id that belongs to another account."""
    return f"019b0000-0000-7000-8000-{number:012x}"


def moved(body, *, source, target):
    """Return an export of `source` as `target` exports it after importing it.

    These are the bytes before the manifest with the documented differences: new ids,
    and the user and the inbox of the target.
    """
    own = exported(target).splitlines()
    lines = body.splitlines()
    is_inbox = [b'"is_inbox":true' in line for line in lines].index(True)
    lines[1], lines[is_inbox] = own[1], own[is_inbox]
    inbox = str(source.task_lists.get(is_inbox=True).pk)
    other_inbox = str(target.task_lists.get(is_inbox=True).pk)

    def new(match):
        one = match[0].decode()
        if one == other_inbox:
            return match[0]
        return (other_inbox if one == inbox else str(uuid5(target.pk, one))).encode()

    return UUIDS.sub(new, b"\n".join(lines[:-1]))


def before_manifest(body):
    """Return an export without its last line."""
    return b"\n".join(body.splitlines()[:-1])


def stored(user):
    """Count the rows that an import can create."""
    mine = {"owner": user}
    return (
        Task.objects.filter(**mine).count(),
        TaskList.objects.filter(**mine).count(),
        Label.objects.filter(**mine).count(),
        Change.objects.filter(**mine).count(),
    )


def a_full_account(user):
    """Create one of everything that an export must contain."""
    at = NOON
    home = TaskListFactory(owner=user, name="Home", colour="green", at=at)
    old = TaskListFactory(owner=user, name="Old", at=at)
    gone = TaskListFactory(owner=user, name="Gone", at=at)

    def task(title, **fields):
        nonlocal at
        at += timedelta(minutes=1)
        return TaskFactory(owner=user, title=title, at=at, **fields)

    task("Buy milk", labels=["errand", "Ätzend, sehr"], priority=1)
    task(
        "=SUM(A1)",
        list_id=home.pk,
        notes="First line\n\n- [x] *second*; a, b\\N\ttab 🙂",
        due_date=NOON.date(),
        due_time=(NOON + timedelta(hours=1)).time(),
        due_tz="Europe/Berlin",
        start_date=NOON.date() - timedelta(days=3),
        reminder_minutes=30,
    )
    parent = task("Pack", list_id=home.pk, due_date=NOON.date())
    task("Socks", parent_id=parent.pk)
    done_step = task("Passport", parent_id=parent.pk)
    actions.complete_task(caller_of(user, at), task_id=done_step.pk)
    weekly = task(
        "Water the plants",
        list_id=home.pk,
        due_date=NOON.date(),
        rrule="FREQ=WEEKLY;BYDAY=SU",
        rrule_anchor="completion",
        labels=["errand"],
    )
    actions.complete_task(caller_of(user, at + timedelta(hours=1)), task_id=weekly.pk)
    task("In an old list", list_id=old.pk)
    actions.update_list(
        caller_of(user, at), list_id=old.pk, changes={"archived_at": at}
    )
    task("Goes with its list", list_id=gone.pk, due_date=NOON.date())
    actions.trash_list(caller_of(user, at), list_id=gone.pk)
    trashed = task("Thrown away", due_date=NOON.date(), reminder_time=at.time())
    actions.trash_task(caller_of(user, at), task_id=trashed.pk)
