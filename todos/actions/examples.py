"""The example tasks that a new user can add."""

from __future__ import annotations

from config.writes import insert
from todos.actions.moves import place
from todos.agenda import clock_of
from todos.caller import Caller
from todos.ledger import open_batch
from todos.models import Task

# Titles and notes.
EXAMPLES = (
    (
        "Complete this task: press the circle",
        "It moves to Completed. **Undo** brings it back.",
    ),
    (
        "Open this task to see what it can hold",
        "Notes, steps, labels, a reminder, and how it repeats. Changes are saved at"
        " once.",
    ),
    (
        "Add your own in one line, such as: Call Anna tomorrow 9am",
        "Dates, times, `#list`, `@label` and `p1` to `p4` are understood.",
    ),
)


def add_examples(caller: Caller) -> list[Task]:
    """Store the examples in the inbox, due today, unless the owner has any task.

    Raises:
        AccountFull: the owner would have more tasks and lists than allowed.
    """
    owner, tasks = caller.owner, []
    with open_batch(caller, adds=len(EXAMPLES)) as batch:
        if Task.objects.owned_by(owner).exists():
            return []
        today = clock_of(owner, now=caller.at).today
        for title, notes in EXAMPLES:
            task = Task.new(
                owner_id=owner.pk,
                at=caller.at,
                title=title,
                notes=notes,
                due_date=today,
            )
            place(task, batch, list_id=None, parent_id=None)
            insert(task)
            batch.created(task)
            tasks.append(task)
    return tasks
