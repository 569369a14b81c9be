"""The requests, the same for Ownlist and for what it is compared with."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.load import Call

Caller = dict[str, Any]

TASK = {
    "title": "Buy bread, milk and a new toothbrush",
    "priority": 2,
    "due_date": "2027-02-28",
}
PLAN_TASK = TASK | {"priority": "high"}
# Of ten requests: five lists, three tasks read, one completed and one created.
MIX = ["list"] * 5 + ["get"] * 3 + ["complete", "create"]
COMPLETIONS_IN_MIX = MIX.count("complete") / len(MIX)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: a server, asked by one route with one kind of token.

    `token`, `listed` and `completable` are keys of a caller.
    """

    name: str
    server: str
    has_plan_route: bool = False
    token: str = "token"
    listed: str = "listed"
    completable: str = "completable"


OWNLIST = Side("ownlist", "ownlist")
LIMIT = Side("limit", "limit")
BETTER_AUTH = Side("ownlist EdDSA", "ownlist", token="better_auth")
PLAN = Side("ownlist plan", "ownlist", has_plan_route=True)
PLAN_BETTER_AUTH = Side(
    "ownlist plan EdDSA", "ownlist", has_plan_route=True, token="better_auth"
)
ASYNC_PEER, SYNC_PEER = (
    Side(
        name,
        name,
        has_plan_route=True,
        listed="peer_listed",
        completable="peer_completable",
    )
    for name in ("fastapi async", "fastapi sync")
)
OURS = (OWNLIST, BETTER_AUTH, PLAN, PLAN_BETTER_AUTH)
PEERS = (ASYNC_PEER, SYNC_PEER)


class Calls:
    """An endless supply of each kind of call for one side.

    Each side has its own tasks to complete: every `of`-th, from the `part`-th on.
    """

    def __init__(
        self, callers: list[Caller], side: Side, *, part: int = 0, of: int = 1
    ) -> None:
        self._callers = callers
        self._side = side
        self._random = random.Random(part)
        self._to_complete = [
            (caller, task_id)
            for caller in callers
            for task_id in caller[side.completable][part::of]
        ]
        self._random.shuffle(self._to_complete)
        self._completed: list[tuple[Caller, Any]] = []

    def of(self, kind: str) -> Iterator[Call]:
        """Yield calls of one kind: `list`, `get`, `create`, `complete` or `mix`."""
        makers: dict[str, Callable[[], Call]] = {
            "list": self._list,
            "get": self._get,
            "create": self._create,
            "complete": self._complete,
            "mix": lambda: makers[self._random.choice(MIX)](),
        }
        while True:
            yield makers[kind]()

    def to_reopen(self) -> Iterator[Call]:
        """Yield calls that reopen what was completed, to be completed again."""
        while self._completed:
            caller, task_id = self._completed.pop()
            self._to_complete.insert(0, (caller, task_id))
            if self._side.has_plan_route:
                yield self._call("PATCH", f"/{task_id}/complete", caller, 200)
            elif self._side.server != "limit":  # which completes a task twice
                yield self._call("POST", f"/{task_id}/reopen", caller, 200)

    def _list(self) -> Call:
        query = "?status=pending&limit=50" if self._side.has_plan_route else ""
        return self._call("GET", query, self._random.choice(self._callers), 200)

    def _get(self) -> Call:
        caller = self._random.choice(self._callers)
        task_id = self._random.choice(caller[self._side.listed])
        return self._call("GET", f"/{task_id}", caller, 200)

    def _create(self) -> Call:
        body = PLAN_TASK if self._side.has_plan_route else TASK
        return self._call("POST", "", self._random.choice(self._callers), 201, body)

    def _complete(self) -> Call:
        caller, task_id = self._to_complete.pop()
        self._completed.append((caller, task_id))
        method = "PATCH" if self._side.has_plan_route else "POST"
        return self._call(method, f"/{task_id}/complete", caller, 200)

    def _call(
        self, method: str, path: str, caller: Caller, expected: int, body: Any = None
    ) -> Call:
        plan_route = f"/api/{caller['user_id']}/tasks"
        return call(
            method,
            path,
            caller,
            expected,
            body,
            route=plan_route if self._side.has_plan_route else "/api/v1/tasks",
            token=self._side.token,
        )


def call(
    method: str,
    path: str,
    caller: Caller,
    expected: int,
    body: Any = None,
    *,
    route: str = "/api/v1/tasks",
    token: str = "token",
) -> Call:
    """Return a request of `caller` with a path below that of the tasks."""
    content = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {route}{path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/json",
        f"Authorization: Bearer {caller[token]}",
    ]
    if method != "GET":
        head.append(f"Content-Length: {len(content)}")
    if content:
        head.append("Content-Type: application/json")
    return Call("\r\n".join([*head, "", ""]).encode() + content, expected)
