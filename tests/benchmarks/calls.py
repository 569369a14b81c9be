"""The requests, the same for Ownlist and for the minimal server."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.load import Call

Caller = dict[str, Any]

TASK = {
    "title": "Buy bread, milk and a new toothbrush",
    "priority": 2,
    "due_date": "2027-02-28",
}
# Of ten requests: five lists, three tasks read, one completed and one created.
MIX = ["list"] * 5 + ["get"] * 3 + ["complete", "create"]
COMPLETIONS_IN_MIX = MIX.count("complete") / len(MIX)


class Calls:
    """An endless supply of each kind of call for one server.

    A task can be completed once, so each server has its own tasks to complete.
    """

    def __init__(self, callers: list[Caller], *, seed: int) -> None:
        self._callers = callers
        self._random = random.Random(seed)
        self._to_complete = [
            (caller, task_id)
            for caller in callers
            for task_id in caller["completable"][seed % 2 :: 2]
        ]
        self._random.shuffle(self._to_complete)

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

    def _list(self) -> Call:
        return call("GET", "", self._random.choice(self._callers), 200)

    def _get(self) -> Call:
        caller = self._random.choice(self._callers)
        task_id = self._random.choice(caller["listed"])
        return call("GET", f"/{task_id}", caller, 200)

    def _create(self) -> Call:
        return call("POST", "", self._random.choice(self._callers), 201, TASK)

    def _complete(self) -> Call:
        caller, task_id = self._to_complete.pop()
        return call("POST", f"/{task_id}/complete", caller, 200)


def call(
    method: str, path: str, caller: Caller, expected: int, body: Any = None
) -> Call:
    """Return a request of `caller` with a path below that of the tasks."""
    content = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} /api/v1/tasks{path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/json",
        f"Authorization: Bearer {caller['token']}",
    ]
    if method == "POST":
        head.append(f"Content-Length: {len(content)}")
    if content:
        head.append("Content-Type: application/json")
    return Call("\r\n".join([*head, "", ""]).encode() + content, expected)
