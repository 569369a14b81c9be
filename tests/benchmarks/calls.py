"""What is asked: the same requests for Ownlist and for the limit."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.load import Call

Person = dict[str, Any]

TASK = {
    "title": "Buy bread, milk and a new toothbrush",
    "priority": 2,
    "due_date": "2027-02-28",
}
# Of ten requests: five lists, three tasks read, one completed and one created.
MIX = ["list"] * 5 + ["get"] * 3 + ["complete", "create"]
COMPLETIONS_IN_MIX = MIX.count("complete") / len(MIX)


class Calls:
    """An endless supply of each kind of call, for one of the servers.

    What a completion takes is gone: each server has completable tasks of its own.
    """

    def __init__(self, people: list[Person], *, seed: int) -> None:
        self._people = people
        self._random = random.Random(seed)
        self._to_complete = [
            (person, task_id)
            for person in people
            for task_id in person["completable"][seed % 2 :: 2]
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
        return call("GET", "", self._random.choice(self._people), 200)

    def _get(self) -> Call:
        person = self._random.choice(self._people)
        task_id = self._random.choice(person["listed"])
        return call("GET", f"/{task_id}", person, 200)

    def _create(self) -> Call:
        return call("POST", "", self._random.choice(self._people), 201, TASK)

    def _complete(self) -> Call:
        person, task_id = self._to_complete.pop()
        return call("POST", f"/{task_id}/complete", person, 200)


def call(
    method: str, path: str, person: Person, expected: int, body: Any = None
) -> Call:
    """Return a request of `person` below the path of the tasks."""
    content = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} /api/v1/tasks{path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/json",
        f"Authorization: Bearer {person['token']}",
    ]
    if method == "POST":
        head.append(f"Content-Length: {len(content)}")
    if content:
        head.append("Content-Type: application/json")
    return Call("\r\n".join([*head, "", ""]).encode() + content, expected)
