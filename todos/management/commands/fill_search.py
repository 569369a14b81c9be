"""Compute the text that searches compare again, for tasks where it is missing or old.

Each version of Ownlist keeps it when a task is stored. An earlier version, which serves
requests during an upgrade, does not know it: its tasks could never be found.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from accounts.models import User
from config.row_security import rows_of
from config.sqlite.turns import Turns
from todos.management.users import every_user
from todos.models import Task

PAGE = 500  # tasks loaded at once


class Command(BaseCommand):
    help = (
        "Make every task findable that an earlier version stored during an upgrade."
        " Run it once all processes have been restarted. It can be repeated."
    )

    def handle(self, *args: object, **options: Any) -> None:
        filled, turns = 0, Turns()
        with tqdm(total=User.objects.count(), unit="user", disable=None) as bar:
            for owner in every_user():
                with rows_of(owner.pk):
                    filled += _fill(owner, turns)
                bar.update()
        self.stdout.write(f"Tasks made findable: {filled}")


def _fill(owner: User, turns: Turns) -> int:
    """Fill the tasks of one user, page by page, and return how many it filled."""
    tasks = Task.objects.owned_by(owner).order_by("pk")
    field = Task._meta.get_field("search")
    rows = tasks.only("title", "notes", "search")
    filled = 0
    page = list(rows[:PAGE])
    while page:
        for task in page:
            stored = task.search
            if field.pre_save(task, False) != stored:
                # Unless the task was changed meanwhile, which has filled it.
                same = tasks.filter(pk=task.pk, title=task.title, notes=task.notes)
                filled += same.update(search=task.search)
        turns.take()
        page = list(rows.filter(pk__gt=page[-1].pk)[:PAGE])
    return filled
