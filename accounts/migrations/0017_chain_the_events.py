"""Chain the security events that were recorded before there were chains.

The format of a digest is written out here: it must stay what it was when this ran.
"""

import hashlib
import json
from datetime import UTC
from typing import Any, TypeAlias
from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROWS = 1_000
COLUMNS = ["by_digest", "chain", "digest", "number"]
ATTEMPTS = {"sign_in_failed", "reset_requested"}

# User, number and digest of the last event, by chain.
Heads: TypeAlias = dict[str, tuple[UUID, int, str]]


def chain_events(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Number the events of each user by time, a thousand rows at once."""
    events = apps.get_model("accounts", "SecurityEvent").objects
    chains = apps.get_model("accounts", "EventChain")
    user_id, heads = UUID(int=0), Heads()
    missing = events.filter(number=None).order_by("user_id", "at", "id")
    while rows := list(missing.filter(user_id__gte=user_id)[:ROWS]):
        for event in rows:
            if event.user_id != user_id:
                _store(chains, heads)
                user_id, heads = event.user_id, Heads()
            _append(event, heads)
        events.bulk_update(rows, COLUMNS, batch_size=100)
    _store(chains, heads)


def _append(event: Any, heads: Heads) -> None:
    is_attempt = event.kind in ATTEMPTS and event.by_id is None
    event.chain = "attempts" if is_attempt else "account"
    _, number, previous = heads.get(event.chain, (event.user_id, 0, ""))
    event.number = number + 1
    if event.by_id is not None:
        by = f"{event.pk}:{event.by_id}"
        event.by_digest = hashlib.sha256(by.encode()).hexdigest()
    event.digest = _digest_of(event, previous)
    heads[event.chain] = (event.user_id, event.number, event.digest)


def _digest_of(event: Any, previous: str) -> str:
    content = {
        "about": event.about,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": event.by_digest or None,
        "chain": event.chain,
        "id": str(event.pk),
        "kind": event.kind,
        "number": event.number,
        "previous": previous,
        "request_id": event.request_id,
        "user": str(event.user_id),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _store(chains: Any, heads: Heads) -> None:
    chains.objects.bulk_create(
        chains(user_id=user_id, chain=chain, number=number, digest=digest)
        for chain, (user_id, number, digest) in heads.items()
    )


def unchain_events(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Forget the chains, so that this migration can run again."""
    apps.get_model("accounts", "EventChain").objects.all().delete()
    apps.get_model("accounts", "SecurityEvent").objects.update(number=None, digest="")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_event_chains"),
    ]

    operations = [
        migrations.RunPython(chain_events, unchain_events),
    ]
