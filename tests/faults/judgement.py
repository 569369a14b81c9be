"""What was acknowledged, compared with what is stored."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.faults.accounts import Account
from tests.faults.client import ask

Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Findings:
    """Acknowledged writes that are not stored, and writes that are stored twice.

    `unasked` are tasks that nobody asked for.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)


def judge(port: int, accounts: list[Account]) -> Findings:
    """Read everything through the API, and compare it with the acknowledged writes."""
    findings = Findings()
    for account in accounts:
        tasks = list(_tasks(port, account))
        changes = list(_changes(port, account))
        compare(account, tasks, changes, findings)
    return findings


def compare(account: Account, tasks: Rows, changes: Rows, findings: Findings) -> None:
    """Add what is wrong with the tasks and the changes of one user."""
    by_id = {task["id"]: task for task in tasks}
    titles = Counter(task["title"] for task in tasks)
    recorded = Counter((change["kind"], change["entity_id"]) for change in changes)

    def check(write: str, kind: str, key: str, *, is_stored: bool) -> None:
        if not is_stored or not recorded[kind, key]:
            findings.lost.append(write)
        if recorded[kind, key] > 1:
            findings.doubled.append(write)

    for title, key in account.created.items():
        is_stored = key in by_id and by_id[key]["title"] == title
        check(f"created {title}", "created", key, is_stored=is_stored)
    for key, notes in account.changed.items():
        is_stored = key in by_id and by_id[key]["notes"] == notes
        check(f"changed {key}", "updated", key, is_stored=is_stored)
    for key in account.completed:
        is_stored = key in by_id and by_id[key]["completed_at"] is not None
        check(f"completed {key}", "completed", key, is_stored=is_stored)
    findings.doubled += [f"created {one}" for one, n in titles.items() if n > 1]
    findings.unasked += [one for one in titles if one not in account.created]


def titles_of(port: int, account: Account) -> list[str]:
    """Return the titles of all tasks of a user."""
    return [task["title"] for task in _tasks(port, account)]


def _tasks(port: int, account: Account) -> Iterator[dict[str, Any]]:
    path = "/api/v1/tasks?view=all&page_size=200"
    while path:
        page = _read(port, account, path)
        yield from page["results"]
        path = page["next"] and "?".join(urlsplit(page["next"])[2:4])


def _changes(port: int, account: Account) -> Iterator[dict[str, Any]]:
    since = ""
    while True:
        path = "/api/v1/changes" + (f"?since={since}" if since else "")
        page = _read(port, account, path)
        if not page["results"]:
            return
        yield from page["results"]
        since = page["next"]


def _read(port: int, account: Account, path: str) -> Any:
    answer = ask(port, "GET", path, account.headers)
    assert answer.status == 200, answer
    return answer.body
