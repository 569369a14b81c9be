"""What users cost, and how many machines they need.

`python -m tests.benchmarks.capacity` measures what the other benchmarks don't: the
bytes of users, tasks and changes, and the processor time of calls that clients repeat.
It stores the figures in docs/capacity.json, and writes the tables of docs/growth.md.
`--only-write` writes them from the figures that are stored.
"""

from __future__ import annotations

import argparse
import http.client
import http.cookiejar
import json
import math
import re
import secrets
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests import postgres, served
from tests.benchmarks.processes import cpu_seconds, parent_of

FIRST_USERS = 100  # whose tables begin with pages that are not full
MORE_USERS = 200
USERS, TASKS_EACH = 60, 100  # of users that work
OPEN = 20  # of the tasks of each
CALLS = 400  # of each kind, after as many to warm up

# --- The assumptions of the calculation ---------------------------------------------

ACTIVE = 0.2  # of the users, on a day
# What an active user's clients send in a day: they look far more often than they write.
DAY = {
    "page": 10,
    "list": 40,
    "get": 20,
    "feed": 60,
    "refresh": 10,
    "create": 4,
    "complete": 4,
}
NAMES = {
    "page": "page, Today with 20 tasks",
    "list": "list of 50 tasks",
    "get": "task",
    "feed": "look at the feed, nothing new",
    "refresh": "refresh of a token",
    "create": "creation",
    "complete": "completion",
}
WRITES = ("create", "complete")
PEAK = 4  # the busiest second, in those of an average one
BUSY = 0.5  # of a processor, at that moment
CORES = 8  # of a web machine, with a worker for each
CONNECTIONS = 5  # of a worker: one for each thread, and one for `/readyz`

SECONDS = 24 * 60 * 60
SHOWN = (10_000, 100_000, 1_000_000, 10_000_000)  # users

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, STORED = DOCS / "growth.md", DOCS / "capacity.json"

SECTION = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.S)

Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only-write", action="store_true", help="measure nothing")
    if not parser.parse_args().only_write:
        STORED.write_text(json.dumps(measure(), indent=2) + "\n", "utf-8")
    write()


def write() -> None:
    """Write the tables of the document from the figures that are stored."""
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8")), "utf-8")


# --- Measuring ----------------------------------------------------------------------


class Client:
    """One user of a running server, on one connection."""

    def __init__(self, ownlist: served.Served) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", ownlist.port)
        self._email = f"{secrets.token_hex(8)}@example.com"
        self._tokens: dict[str, str] = {}
        self._cookies = ""
        self._since = ""
        account = {"email": self._email, "password": served.PASSWORD}
        self._tokens = self.send("POST", "/api/v1/auth/register", account)
        self._connection.close()  # idle for too long; it opens again

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Call the API, and return its JSON."""
        headers = {"Content-Type": "application/json"}
        if access := self._tokens.get("access"):
            headers["Authorization"] = f"Bearer {access}"
        self._connection.request(method, path, body and json.dumps(body), headers)
        response = self._connection.getresponse()
        content = json.loads(response.read())
        assert 200 <= response.status < 300, content
        return content

    def work(self) -> None:
        """Create tasks as users write them, and complete most of them."""
        today = datetime.now(UTC).date().isoformat()
        for number in range(TASKS_EACH):
            task = {
                "title": f"Call the plumber about the kitchen, {number}",
                "notes": "" if number % 3 else "The tap drips since Monday. " * 5,
                "labels": ["home"] if number % 3 else [],
                "due_date": today if number % 2 else None,
            }
            made = self.send("POST", "/api/v1/tasks", task)
            if number >= OPEN:
                self.send("POST", f"/api/v1/tasks/{made['id']}/complete", {})

    def refresh(self) -> None:
        refresh = {"refresh": self._tokens["refresh"]}
        self._tokens = self.send("POST", "/api/v1/auth/token/refresh", refresh)

    def feed(self) -> None:
        """Ask for what is new, and get nothing, as most such calls do."""
        since = self._since or "latest"
        answer = self.send("GET", f"/api/v1/changes?since={since}")
        assert answer["results"] == []
        self._since = answer["next"]

    def sign_in(self) -> None:
        """Get a session of the pages."""
        jar = http.cookiejar.CookieJar()
        processor = urllib.request.HTTPCookieProcessor(jar)
        opener = urllib.request.build_opener(processor)
        url = f"http://127.0.0.1:{self._connection.port}/accounts/login/"
        with opener.open(url) as page:
            (token,) = re.findall(
                r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode()
            )[:1]
        form = {
            "csrfmiddlewaretoken": token,
            "login": self._email,
            "password": served.PASSWORD,
        }
        opener.open(url, urllib.parse.urlencode(form).encode()).close()
        self._cookies = "; ".join(f"{one.name}={one.value}" for one in jar)

    def page(self) -> None:
        """Open the page that users open most."""
        headers = {"Cookie": self._cookies, "Accept": "text/html"}
        self._connection.request("GET", "/", headers=headers)
        response = self._connection.getresponse()
        response.read()
        assert response.status == 200, response.status


def measure() -> Figures:
    """Return bytes by what takes them, and milliseconds of processors by call."""
    with (
        tempfile.TemporaryDirectory() as directory,
        postgres.server() as url,
        psycopg.connect(url, autocommit=True) as database,
        served.serving(Path(directory), DATABASE_URL=url) as ownlist,
    ):
        clients = [Client(ownlist) for _ in range(FIRST_USERS)]
        first = _sizes(database)
        for _ in range(MORE_USERS):
            Client(ownlist)
        registered = _sizes(database)
        log = -_log_bytes(database)
        for client in clients[:USERS]:
            client.work()
        log += _log_bytes(database)
        worked = _sizes(database)
        (entries,) = database.execute("SELECT count(*) FROM todos_change").fetchall()
        client.sign_in()
        calls = {
            "page": client.page,
            "feed": client.feed,
            "refresh": client.refresh,
        }
        main_process = parent_of(database.info.backend_pid)
        milliseconds = {
            name: _costs(call, ownlist.pid, main_process)
            for name, call in calls.items()
        }
    tasks = USERS * TASKS_EACH
    added = {name: worked[name] - registered[name] for name in worked}
    changes = added.pop("todos_change")
    return {
        "bytes": {
            "user": round(
                (sum(registered.values()) - sum(first.values())) / MORE_USERS
            ),
            "task": round(sum(added.values()) / tasks),
            "change": round(changes / entries[0]),
            "log": round(log / (2 * TASKS_EACH - OPEN) / USERS),  # of a write
        },
        "milliseconds": milliseconds,
    }


def _sizes(database: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the bytes of each table, with its indexes."""
    database.execute("VACUUM")
    rows = database.execute(
        "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
    )
    return dict(rows.fetchall())


def _log_bytes(database: psycopg.Connection[Any]) -> int:
    (position,) = database.execute(
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
    ).fetchall()
    return int(position[0])


def _costs(call: Callable[[], None], *processes: int | None) -> list[float]:
    """Return the processor milliseconds of each, with its children, for a call."""
    for _ in range(CALLS):
        call()
    before = [cpu_seconds(process) for process in processes]
    for _ in range(CALLS):
        call()
    after = [cpu_seconds(process) for process in processes]
    return [
        round(((end or 0) - (begin or 0)) / CALLS * 1000, 2)
        for begin, end in zip(before, after, strict=True)
    ]


# --- The calculation ----------------------------------------------------------------


def with_tables(text: str) -> str:
    """Return the document with its marked tables made from the stored figures."""
    figures = json.loads(STORED.read_text("utf-8"))
    performance = json.loads((DOCS / "performance.json").read_text("utf-8"))
    tables = {
        "capacity": table(SHOWN, figures, performance),
        "costs": table_of_costs(figures, performance),
    }

    def replaced(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        return "\n".join([begin.rstrip(), "", *tables[name], "", end])

    return SECTION.sub(replaced, text)


def table(users: Sequence[int], figures: Figures, performance: Figures) -> list[str]:
    """Return the calculation for these numbers of users, as rows of Markdown."""
    needs = [need(number, figures, performance) for number in users]
    names = list(needs[0])
    return [
        f"| users | {' | '.join(f'{number:,}' for number in users)} |",
        f"| --- {'| --- ' * len(users)}|",
        *(f"| {name} | {' | '.join(one[name] for one in needs)} |" for name in names),
    ]


def table_of_costs(figures: Figures, performance: Figures) -> list[str]:
    """Return what the calculation begins with, as rows of Markdown."""
    sizes = figures["bytes"]
    return [
        "| for one | processor milliseconds of the web | of the database |",
        "| --- | --- | --- |",
        *(
            f"| {NAMES[kind]} | {web:.2f} | {database:.2f} |"
            for kind, (web, database) in milliseconds(figures, performance).items()
        ),
        "",
        "| stored with all indexes | bytes |",
        "| --- | --- |",
        f"| a user | {sizes['user']:,} |",
        f"| a task | {sizes['task']:,} |",
        f"| an entry of the history, one for each write | {sizes['change']:,} |",
        f"| log of a write, for standbys and backups | {sizes['log']:,} |",
    ]


def need(users: int, figures: Figures, performance: Figures) -> dict[str, str]:
    """Return what this number of users needs, by the name of the row."""
    web, database = costs(figures, performance)
    active = users * ACTIVE
    peak = active * sum(DAY.values()) / SECONDS * PEAK
    written = active * sum(DAY[kind] for kind in WRITES)
    web_cores, database_cores = (peak * cost / 1000 / BUSY for cost in (web, database))
    machines = max(1, math.ceil(web_cores / CORES))
    sizes = figures["bytes"]
    year = 365 * (active * DAY["create"] * sizes["task"] + written * sizes["change"])
    return {
        "requests a second, at the peak": f"{peak:,.0f}",
        "processors for the web": _number(web_cores),
        f"web machines of {CORES} processors": f"{machines:,}",
        "their connections": f"{machines * CORES * CONNECTIONS:,}",
        "processors for the database": _number(database_cores),
        "writes a second, at the peak": f"{written / SECONDS * PEAK:,.0f}",
        "log a second, at the peak": _size(written / SECONDS * PEAK * sizes["log"]),
        "accounts": _size(users * sizes["user"]),
        "tasks and history of a year": _size(year),
    }


def milliseconds(
    figures: Figures, performance: Figures
) -> dict[str, tuple[float, float]]:
    """Return the processor time of web and database for each kind of request."""
    known = performance["postgresql"]["calls"]

    def of(kind: str) -> tuple[float, float]:
        if kind in figures["milliseconds"]:
            web, database = figures["milliseconds"][kind]
            return web, database
        median = known[kind]["median"]["ownlist"]
        return median["cpu"], median["database_cpu"]

    return {kind: of(kind) for kind in DAY}


def costs(figures: Figures, performance: Figures) -> tuple[float, float]:
    """Return the milliseconds of web and database for an average request."""
    each = milliseconds(figures, performance)
    web, database = (
        sum(number * each[kind][part] for kind, number in DAY.items())
        / sum(DAY.values())
        for part in (0, 1)
    )
    return web, database


def _number(value: float) -> str:
    if value < 0.1:
        return "under 0.1"
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def _size(octets: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}"
        octets /= 1000
    return f"{octets:.1f} TB"


if __name__ == "__main__":
    main()
