"""Create a demo account with realistic tasks."""

import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts import emails
from accounts.credentials import COMMAND, change_password, reactivate
from accounts.models import User
from config.row_security import rows_of
from todos import actions
from todos.agenda import clock_of
from todos.caller import Caller
from todos.models import Change, Colour, Task

EMAIL = "demo@ownlist.example"  # .example is reserved (RFC 2606)
BEGAN = timedelta(days=21)  # ago, when the tasks were created

LISTS = {"Home": Colour.GREEN, "Work": Colour.BLUE, "Trip": Colour.ORANGE}
INBOX = ""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A task to create, with dates relative to today, so that they are never old."""

    title: str
    list: str = INBOX
    due: int | None = None  # days from today
    due_time: time | None = None
    priority: int = 3
    labels: tuple[str, ...] = ()
    notes: str = ""
    rrule: str = ""
    steps: tuple[str, ...] = ()
    steps_done: int = 0
    done: int | None = None  # days ago


SAMPLES = (
    Sample(title="Look up when the library opens on Saturday"),
    Sample(title="Idea: a photo book for grandmother's birthday", priority=4),
    Sample(title="Ask Jonas for the name of his dentist", labels=("phone",)),
    Sample(title="Return the borrowed drill", due=-2, labels=("errand",)),
    # Home
    Sample(
        title="Water the plants",
        list="Home",
        due=-6,
        rrule="FREQ=WEEKLY",
        done=6,
        notes="The fern in the bathroom needs only half as much.",
    ),
    Sample(
        title="Put the bins out",
        list="Home",
        due=1,
        due_time=time(19),
        rrule="FREQ=WEEKLY",
        priority=2,
    ),
    Sample(title="Pay the rent", list="Home", due=5, rrule="FREQ=MONTHLY", priority=1),
    Sample(
        title="Call the plumber about the kitchen tap",
        list="Home",
        due=-3,
        priority=2,
        labels=("phone",),
    ),
    Sample(
        title="Shopping for the week",
        list="Home",
        due=0,
        labels=("errand",),
        steps=("Bread and butter", "Tomatoes, basil, a lemon", "Coffee", "Dish soap"),
        steps_done=1,
    ),
    Sample(
        title="Replace the battery of the smoke alarm", list="Home", due=0, priority=1
    ),
    Sample(title="Descale the kettle", list="Home", priority=4),
    Sample(title="Find a new home for the old sofa", list="Home", due=12, priority=4),
    Sample(title="Fix the bicycle light", list="Home", done=1),
    Sample(title="Book the chimney sweep", list="Home", labels=("phone",), done=4),
    # Work
    Sample(
        title="Send Mara the figures for the quarter",
        list="Work",
        due=-1,
        priority=1,
        labels=("waiting",),
        notes="She needs **travel** and **equipment** apart.\n\n"
        "- last quarter's sheet is in the shared folder\n- currency: euro",
    ),
    Sample(
        title="Team meeting",
        list="Work",
        due=0,
        due_time=time(9, 30),
        rrule="FREQ=WEEKLY",
    ),
    Sample(title="Review the new sign-up texts", list="Work", due=0, priority=2),
    Sample(
        title="Prepare the talk for the spring meeting",
        list="Work",
        due=9,
        priority=2,
        steps=("Outline", "Two diagrams", "Rehearse with Mara"),
        steps_done=1,
    ),
    Sample(title="Write down how the backup is restored", list="Work", due=3),
    Sample(title="Clear out old tickets", list="Work", priority=4),
    Sample(title="Order a second monitor cable", list="Work", done=2),
    Sample(title="Hand in last month's receipts", list="Work", due=-8, done=8),
    # Trip
    Sample(
        title="Check that the passport is still valid",
        list="Trip",
        due=2,
        priority=1,
        notes="It must be valid for six months after the journey.",
    ),
    Sample(title="Compare the night train with the ferry", list="Trip", due=4),
    Sample(
        title="Reserve two nights in Porto", list="Trip", due=15, labels=("waiting",)
    ),
    Sample(
        title="Learn twenty words of Portuguese",
        list="Trip",
        due=1,
        rrule="FREQ=DAILY;INTERVAL=2",
        priority=4,
    ),
    Sample(title="Tell the neighbours when we are away", list="Trip", due=20),
    Sample(title="Agree on the dates with Jonas", list="Trip", done=5),
)


class Command(BaseCommand):
    help = (
        f"Create the account {EMAIL} with sample tasks. If it exists, move the dates "
        "of its open tasks, so that they are as near as on the first day."
    )

    def handle(self, *args: object, **options: object) -> None:
        at = timezone.now()
        memory = _Memory.read()
        with transaction.atomic():
            user = _account(memory.password, at=at)
            today = clock_of(user, now=at).today
            with rows_of(user.pk):
                if not Change.objects.owned_by(user).exists():
                    _fill(user, at=at)
                else:
                    _move_dates(user, at=at, days=(today - memory.day).days)
        memory.day = today
        memory.write()
        self.stdout.write(
            f"Demo account\n  E-mail:   {EMAIL}\n  Password: {memory.password}\n"
        )


@dataclass
class _Memory:
    """What one run leaves for the next: the password, and the day of the dates."""

    password: str
    day: date

    @classmethod
    def read(cls) -> "_Memory":
        """Return what the last run left, or a new password and today."""
        try:
            found = json.loads(cls._path().read_text())
            return cls(str(found["password"]), date.fromisoformat(found["day"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(secrets.token_urlsafe(15), timezone.now().date())

    def write(self) -> None:
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(
            json.dumps({"password": self.password, "day": self.day.isoformat()})
        )

    @staticmethod
    def _path() -> Path:
        return settings.VAR_DIR / "demo.json"


def _account(password: str, *, at: datetime) -> User:
    """Return the demo account: active, with this password and a verified address."""
    user = User.objects.filter(email=EMAIL).first()
    if user is None:
        user = User.objects.create_user(EMAIL, password, display_name="Demo")
    else:
        if not user.is_active:
            reactivate(user=user, at=at)
        if not user.check_password(password):
            change_password(user=user, password=password, at=at)
    emails.mark_verified(user)
    return user


def _move_dates(user: User, *, at: datetime, days: int) -> None:
    """Move the dates of all open tasks by so many days."""
    caller = Caller(user, COMMAND, at)
    open_tasks = Task.objects.owned_by(user).open().exclude(due_date=None)
    for task in open_tasks.order_by("id") if days > 0 else ():
        changes = {
            name: moment + timedelta(days=days)
            for name in ("due_date", "start_date")
            if (moment := getattr(task, name)) is not None
        }
        actions.update_task(caller, task_id=task.pk, changes=changes)


def _fill(user: User, *, at: datetime) -> None:
    """Create all samples, then complete the done ones in chronological order."""
    began = Caller(user, COMMAND, at - BEGAN)
    lists = {
        name: actions.create_list(began, name=name, colour=colour).pk
        for name, colour in LISTS.items()
    }
    completed: list[tuple[datetime, UUID]] = []
    for sample in SAMPLES:
        task_id, step_ids = _create(began, sample, lists, at=at)
        if sample.done is not None:
            completed.append((at - timedelta(days=sample.done), task_id))
        completed += [(at - timedelta(hours=3), step_id) for step_id in step_ids]
    for done_at, task_id in sorted(completed):
        caller = Caller(user, COMMAND, done_at)
        actions.complete_task(caller, task_id=task_id)


def _create(
    caller: Caller, sample: Sample, lists: dict[str, UUID], *, at: datetime
) -> tuple[UUID, list[UUID]]:
    """Create a task with its steps; return its id and the ids of the done steps."""
    today = clock_of(caller.owner, now=at).today
    due = None if sample.due is None else today + timedelta(days=sample.due)
    task = actions.create_task(
        caller,
        list_id=lists.get(sample.list),
        labels=sample.labels,
        title=sample.title,
        notes=sample.notes,
        priority=sample.priority,
        due_date=due,
        due_time=sample.due_time,
        rrule=sample.rrule,
    )
    steps = [
        actions.create_task(caller, parent_id=task.pk, title=title).pk
        for title in sample.steps
    ]
    return task.pk, steps[: sample.steps_done]
