import json
import re
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts import credentials
from accounts.models import SecurityEvent, User
from config import private_files
from todos.agenda import Agenda
from todos.models import Change, Label, Task, TaskList

EMAIL = "demo@ownlist.example"


@pytest.fixture(autouse=True)
def memory(settings, tmp_path):
    """The file that one run leaves for the next."""
    settings.VAR_DIR = tmp_path
    return tmp_path / "demo.json"


def demo():
    """Run the command and return what it printed and the password in it."""
    out = StringIO()
    call_command("demo", stdout=out)
    return out.getvalue(), re.search(r"Password: (\S+)", out.getvalue())[1]


def sign_in(client, password):
    client.post(reverse("account_login"), {"login": EMAIL, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.django_db
def test_creates_an_account_that_can_sign_in_if_verification_is_mandatory(
    client, settings
):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    _, password = demo()

    assert sign_in(client, password)


@pytest.mark.django_db
def test_creates_realistic_tasks():
    demo()

    user = User.objects.get(email=EMAIL)
    tasks = Task.objects.owned_by(user)
    agenda = Agenda(user, now=timezone.now())
    assert 30 <= tasks.count() <= 40
    assert agenda.overdue().count() >= 3
    assert tasks.open().filter(due_date=agenda.clock.today).count() >= 3
    assert agenda.upcoming().count() >= 5
    assert tasks.completed().count() >= 5
    assert tasks.filter(parent__isnull=False).completed().exists()
    assert tasks.exclude(rrule="").open().exists()
    assert tasks.exclude(notes="").exists()
    assert set(tasks.values_list("priority", flat=True)) == {1, 2, 3, 4}
    names = TaskList.objects.owned_by(user).values_list("name", flat=True)
    assert set(names) == {"Inbox", "Home", "Work", "Trip"}
    assert Label.objects.owned_by(user).count() == 3


@pytest.mark.django_db
def test_the_history_is_in_order_and_in_the_past():
    demo()

    times = list(Change.objects.order_by("seq").values_list("at", flat=True))
    assert times == sorted(times)
    assert times[-1] < timezone.now()
    assert not Task.objects.filter(completed_at__lt=timezone.now() - timedelta(21))


@pytest.mark.django_db
def test_a_second_run_keeps_the_password_the_sessions_and_the_tasks(client, memory):
    _, first = demo()
    assert sign_in(client, first)
    Task.objects.first().delete()
    before = set(Task.objects.values_list("pk", "version"))

    _, second = demo()

    assert second == first
    assert client.get("/").status_code == 200
    assert set(Task.objects.values_list("pk", "version")) == before
    kind = SecurityEvent.Kind.PASSWORD_CHANGED
    assert not SecurityEvent.objects.filter(kind=kind).exists()
    assert not private_files.is_open_to_others(memory)


@pytest.mark.django_db
def test_a_run_on_a_later_day_moves_the_dates(memory):
    demo()
    due = dict(Task.objects.open().values_list("pk", "due_date"))
    done = dict(Task.objects.completed().values_list("pk", "due_date"))
    found = json.loads(memory.read_text())
    earlier = date.fromisoformat(found["day"]) - timedelta(3)
    memory.write_text(json.dumps(found | {"day": earlier.isoformat()}))

    demo()
    demo()

    assert dict(Task.objects.open().values_list("pk", "due_date")) == {
        pk: day and day + timedelta(3) for pk, day in due.items()
    }
    assert dict(Task.objects.completed().values_list("pk", "due_date")) == done


@pytest.mark.django_db
def test_a_lost_or_damaged_memory_gives_a_new_password(client, memory):
    _, first = demo()
    memory.write_text("{")

    _, second = demo()

    assert not sign_in(client, first)
    assert sign_in(client, second)


@pytest.mark.django_db
def test_reactivates_a_locked_demo_account(client):
    demo()
    user = User.objects.get(email=EMAIL)
    credentials.request_deletion(user=user, at=timezone.now())

    _, password = demo()

    assert sign_in(client, password)
    user.refresh_from_db()
    assert user.delete_after is None


@pytest.mark.django_db
def test_prints_the_password_once_and_no_other_secret(capfd):
    printed, password = demo()

    logged = "".join(capfd.readouterr())
    assert printed.count(password) == 1
    assert password not in logged
    assert User.objects.get(email=EMAIL).password not in printed + logged
