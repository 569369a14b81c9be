"""The text of `docs/isolation.md`, from answers that were recorded or are expected."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from django.urls import URLPattern, get_resolver

from tests.callers import COOKIE, KINDS, OLD, SESSION, TOKEN
from tests.isolation.answers import Asked
from tests.test_access_matrix import (
    ADMIN,
    API,
    PAGES,
    PUBLIC,
    Row,
    expected,
    kinds_for,
    methods_for,
    rows_of,
)
from tests.test_token_matrix import NEEDS, OTHERS, ROWS, SCOPES, below

CALLERS = {
    "owner": "owner",
    "stranger": "another user",
    "staff": "staff",
    "anonymous": "nobody",
}
Answers = Mapping[Asked, int]


class Group(NamedTuple):
    """A table of the page."""

    title: str
    rows: list[Row]


def groups() -> list[Group]:
    """Return the tables in their order."""
    version_1 = [row for row in API if row.route.startswith("api/v1/")]
    plan = [row for row in API if row not in version_1]
    account = [row for row in PAGES if row.route.startswith("accounts/")]
    tasks = [row for row in PAGES if row not in account]
    return [
        Group("API, version 1", version_1),
        Group("API before version 1", plan),
        Group("Pages of tasks", tasks),
        Group("Pages of the account", account),
        Group("Admin", ADMIN),
        Group("Public", PUBLIC),
    ]


def document(answers: Answers, result: Iterable[str]) -> str:
    """Return the page. `result` are the rows of its first table."""
    tables = []
    differing: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for group in groups():
        is_api = group.title.startswith("API")
        heads = ["route", "method", *CALLERS.values(), *(["scope"] if is_api else [])]
        tables.append(f"\n## {group.title}\n\n")
        tables.append(_line(heads) + _line(["---"] * len(heads)))
        for row in group.rows:
            tables.append(_line(_cells(row, answers, is_api)))
            for kind, caller, status in _differences(row, answers):
                place = f"`{row.method} {_shown(row.route)}`"
                differing[kind, caller, status].append(place)
    lines = [_line(["credential", "caller", "answer", "routes"]), _line(["---"] * 4)]
    for (kind, caller, status), places in sorted(differing.items()):
        where = ", ".join(places) if len(places) <= MOST else f"{len(places)} routes"
        lines.append(_line([kind, CALLERS[caller], str(status), where]))
    return (
        Path(__file__)
        .with_name("page.md")
        .read_text("utf-8")
        .replace("{result}", "".join(f"{line}\n" for line in result))
        .replace("{tables}", "".join(tables))
        .replace("{differences}", "".join(lines))
    )


MOST = 24  # routes that are named one by one


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _shown(route: str) -> str:
    return f"/{route}".replace("|", "\\|")


def _cells(row: Row, answers: Answers, is_api: bool) -> list[str]:
    found = [str(_plain(row, caller, answers)) for caller in CALLERS]
    scope = [_scope(row)] if is_api else []
    return [f"`{_shown(row.route)}`", row.method, *found, *scope]


def _plain(row: Row, caller: str, answers: Answers) -> int:
    """Return the answer to the simplest credential: a session."""
    return answers[Asked(row.method, row.route, SESSION, caller)]


def _scope(row: Row) -> str:
    if row.route.endswith((*OTHERS, "auth/logout")):
        return "–"
    scopes, honoured = NEEDS[below(row.route)]
    needed = scopes[row.method]
    mark = "\\*" if row.method in honoured.split() else ""
    return f"{needed}{mark}" if needed else "–"


def _differences(row: Row, answers: Answers) -> Iterable[tuple[str, str, int]]:
    for kind in KINDS:
        for caller in ("owner", "stranger", "staff"):
            asked = Asked(row.method, row.route, kind, caller)
            status = answers.get(asked)
            if status in {None, _plain(row, caller, answers)}:
                continue
            if status != _plain(row, "anonymous", answers) or not _is_ignored(
                row, kind, caller
            ):
                yield kind, caller, status


def _is_ignored(row: Row, kind: str, caller: str) -> bool:
    """Whether the credential counts for nothing, as the page says above the table."""
    plain = kind.removeprefix(OLD)
    is_page = not row.route.startswith("api/")
    return (plain == TOKEN and is_page) or (plain == COOKIE and caller == "staff")


def result_of(page: str) -> list[str]:
    """Return the rows of the first table of the page."""
    section = page.partition("\n## Result\n")[2].partition("\nEach row")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][2:]


def from_the_tables() -> dict[Asked, int]:
    """Return the answers that the tables of the access matrix decide."""
    views = dict(_views(get_resolver().url_patterns))
    answers = {}
    for group in groups():
        for row in group.rows:
            for kind in kinds_for([row], row.method):
                callers = list(CALLERS) if kind == SESSION else list(CALLERS)[:3]
                for caller in callers:
                    asked = Asked(row.method, row.route, kind, caller)
                    answers[asked] = expected(row, caller, kind, views[row.route])
    return answers


def requests_of_a_run() -> int:
    """Return how many requests the matrices make in one set-up."""
    named = list(CALLERS)[:3]
    # No credential counts as a session, and there is an account that is locked.
    callers = {SESSION: len(named) + 2, TOKEN: len(named) + 1}
    matrix = sum(
        callers.get(kind, len(named))
        for rows in rows_of(API, PAGES, PUBLIC, ADMIN).values()
        for method in methods_for(rows)
        for kind in kinds_for(rows, method)
    )
    # Each scope alone, a token with all of them, and one that is limited to lists.
    return matrix + len(ROWS) * (len(SCOPES) + 2)


def _views(patterns, before=""):
    for entry in patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry.callback
        else:
            yield from _views(entry.url_patterns, route)
