"""Whether all sides answer with the same tasks, so that their times can be compared."""

import json
from typing import Any
from urllib.request import Request, urlopen

from tests.benchmarks.calls import Caller, Side
from tests.benchmarks.processes import StartError

SHARED = {"title", "description", "priority", "due_date", "tags"}
PRIORITIES = {1: "urgent", 2: "high", 3: "medium", 4: "low"}


def check_equal_answers(
    sides: tuple[Side, ...], ports: dict[str, int], caller: Caller
) -> None:
    """Ask each side for the first page of tasks of one caller, and compare them.

    Raises:
        StartError: a side has other tasks, or other values in them.
    """
    pages = {
        side.name: [
            _in_words_of_the_plan(task)
            for task in _list(side, ports[side.server], caller)
        ]
        for side in sides
    }
    expected = pages[sides[0].name]
    for name, page in pages.items():
        if page != expected:
            other = next((a, b) for a, b in zip(page, expected, strict=False) if a != b)
            raise StartError(f"{name} has other tasks: {other}")


def _list(side: Side, port: int, caller: Caller) -> list[dict[str, Any]]:
    path = (
        f"/api/{caller['user_id']}/tasks?status=pending&limit=50"
        if side.has_plan_route
        else "/api/v1/tasks"
    )
    url = f"http://127.0.0.1:{port}{path}"
    headers = {"Authorization": f"Bearer {caller[side.token]}"}
    with urlopen(Request(url, headers=headers)) as answer:  # noqa: S310
        found = json.load(answer)
    tasks: list[dict[str, Any]] = found if side.has_plan_route else found["results"]
    return tasks


def _in_words_of_the_plan(task: dict[str, Any]) -> dict[str, Any]:
    """Return what both contracts have, as the plan names it."""
    plan = task
    if "labels" in task:
        plan = task | {
            "tags": task["labels"],
            "description": task["notes"],
            "priority": PRIORITIES[task["priority"]],
        }
    return {name: plan[name] for name in SHARED}
