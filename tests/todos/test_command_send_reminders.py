"""`manage.py send_reminders` sends each reminder once, on time, to the owner."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from threading import Barrier, Thread

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import reminder_mails
from accounts.credentials import deactivate, request_deletion
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from tests.mail_server import mail_server
from tests.patience import PATIENCE
from todos import actions
from todos.management.commands import send_reminders
from todos.management.commands.send_reminders import LONGEST_PAUSE, pause
from todos.models import Task
from todos.reminders.delivery import Backoff, send_due
from todos.reminders.mail import subject_of
from todos.reminders.planning import TOO_LATE, due_reminders, put_back, take_reminder

pytestmark = pytest.mark.slow

SMTP = "django.core.mail.backends.smtp.EmailBackend"
BEFORE = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # when the tasks are written down
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)  # a Sunday; the reminders are due


def task_due(owner, **fields):
    """Create a task that is due at 09:00, with a reminder half an hour earlier."""
    fields = {
        "at": BEFORE,
        "due_date": date(2026, 11, 22),
        "due_time": time(9),
        "reminder_minutes": 30,
        "title": "Buy milk",
    } | fields
    return TaskFactory(owner=owner, **fields)


def is_pending(task):
    return Task.objects.get(pk=task.pk).remind_on is not None


def act(action, task, **more):
    return action(caller_of(task.owner, BEFORE), task_id=task.pk, **more)


@pytest.fixture
def server(settings):
    """A real mail server that Django sends to."""
    with mail_server() as running:
        settings.EMAIL_BACKEND = SMTP
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


@pytest.fixture
def no_server(settings, closed_port):
    """The address of a mail server that does not run."""
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed_port


# --- The mail -----------------------------------------------------------------


def test_mails_the_owner_of_a_task_that_is_due(alice, bob):
    task = task_due(alice)
    TaskFactory(owner=bob)

    tally = send_due(at=NOW)

    assert str(tally) == "sent: 1, refused: 0, postponed: 0"
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.com"]
    assert sent.subject == "Buy milk"
    assert sent.body == (
        "Buy milk\n\n"
        "Due today, Sunday 22 November 2026, at 09:00.\n\n"
        "Open the task:\n"
        f"http://127.0.0.1:8000/tasks/{task.pk}/\n\n"
        "-- \n"
        "Ownlist. Your list is yours.\n"
        "http://127.0.0.1:8000/\n\n"
        "You set this reminder in Ownlist. To stop all reminder e-mails:\n"
        f"http://127.0.0.1:8000/reminders/{reminder_mails.token_of(alice)}/\n"
    )
    assert not is_pending(task)


def test_a_mail_program_can_stop_reminders_with_one_click(server, alice):
    task_due(alice)

    send_due(at=NOW)

    sent = server.next()
    path = reverse("todos:reminders", args=[reminder_mails.token_of(alice)])
    assert sent["List-Unsubscribe"].strip() == f"<http://127.0.0.1:8000{path}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["Auto-Submitted"] == "auto-generated"


def test_two_mails_of_one_reminder_have_one_id(alice):
    task = task_due(alice)
    send_due(at=NOW)
    Task.objects.filter(pk=task.pk).update(remind_on=NOW.date())

    send_due(at=NOW)

    first, second = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
    assert first == second
    assert re.fullmatch(r"<reminder\.[0-9a-f]{32}\.\d+@127\.0\.0\.1>", first)


def test_names_the_list_unless_it_is_the_inbox(alice):
    home = TaskListFactory(owner=alice, name="Home <&>")
    task_due(alice, list_id=home.pk)

    send_due(at=NOW)

    assert "\nIn the list Home <&>.\n" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("fields", "zone", "words"),
    [
        ({}, "UTC", "today, Sunday 22 November 2026, at 09:00"),
        (
            {"due_tz": "America/New_York", "due_time": time(4)},
            "Europe/Berlin",
            "today, Sunday 22 November 2026, at 10:00 (04:00 in America/New_York)",
        ),
        (
            {"due_tz": "Europe/Berlin", "due_time": time(10)},
            "Europe/Berlin",
            "today, Sunday 22 November 2026, at 10:00",
        ),
        (
            {"reminder_minutes": 24 * 60, "due_date": date(2026, 11, 23)},
            "UTC",
            "tomorrow, Monday 23 November 2026, at 09:00",
        ),
        (
            {"reminder_minutes": 5 * 24 * 60, "due_date": date(2026, 11, 27)},
            "UTC",
            "Friday 27 November 2026, at 09:00",
        ),
        (
            {"due_time": None, "reminder_minutes": None, "reminder_time": time(8)},
            "UTC",
            "today, Sunday 22 November 2026",
        ),
    ],
    ids=["floating", "elsewhere", "same-zone", "tomorrow", "later", "date"],
)
def test_shows_the_due_time_in_the_zone_of_the_user(alice, fields, zone, words):
    alice.timezone = zone
    alice.save()
    task = task_due(alice, **fields)

    send_due(at=NOW + timedelta(minutes=30))

    assert f"\nDue {words}.\n" in mail.outbox[0].body
    assert not is_pending(task)


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Buy milk", "Buy milk"),
        ("Grüße ☕", "Grüße ☕"),
        ("a\r\nBcc: eve@example.com", "a Bcc: eve@example.com"),
        ("a\nSubject: b", "a Subject: b"),
        ("a\u2028b\u2029c\x85d\x0be\x1cf", "a b c d e f"),
        ("a\x00b\x1b[31m\x7f", "ab[31m"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
    ],
    ids=["plain", "unicode", "crlf", "lf", "separators", "control", "limit", "longer"],
)
def test_the_subject_is_one_line_for_every_title(title, subject):
    assert subject_of(title) == subject


def test_no_title_adds_a_header(server, alice):
    task = task_due(alice)
    # Past every check, as if one had a hole.
    title = "a\r\nBcc: eve@example.com\r\n\r\n\r\n.\r\nb" + "é" * 300
    Task.objects.filter(pk=task.pk).update(title=title)

    send_due(at=NOW)

    sent = server.next()
    assert sent["Bcc"] is None
    assert sent["To"] == "alice@example.com"
    assert sent["Subject"].strip().startswith("a Bcc: eve@example.com . bééé")
    assert server.mails.empty()


def test_the_title_is_escaped_in_html(alice):
    task_due(alice, title="Milk & <b>bread</b>")

    send_due(at=NOW)

    assert mail.outbox[0].body.startswith("Milk & <b>bread</b>\n")


# --- The time -----------------------------------------------------------------


def test_sends_nothing_before_the_time_of_the_reminder(alice):
    task = task_due(alice)

    assert not send_due(at=NOW - timedelta(seconds=1))
    assert mail.outbox == []
    assert is_pending(task)

    assert send_due(at=NOW).sent == 1


def test_sends_a_reminder_once(alice):
    task_due(alice)
    send_due(at=NOW)

    assert not send_due(at=NOW)
    assert not send_due(at=NOW + timedelta(days=1))
    assert len(mail.outbox) == 1


def test_sends_at_a_time_of_day_on_the_due_date(alice):
    task_due(alice, due_time=None, reminder_minutes=None, reminder_time=time(8, 30))

    assert not send_due(at=NOW - timedelta(seconds=1))
    assert send_due(at=NOW).sent == 1


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12), ("Asia/Kathmandu", 5.75)],
)
def test_a_floating_reminder_moves_with_the_zone_of_the_user(alice, zone, hours):
    task_due(alice, due_date=date(2026, 11, 25))
    alice.timezone = zone
    alice.save()
    moment = datetime(2026, 11, 25, 8, 30, tzinfo=UTC) - timedelta(hours=hours)

    assert not send_due(at=moment - timedelta(seconds=1))
    assert send_due(at=moment).sent == 1


def test_a_reminder_with_a_zone_does_not_move(alice):
    task_due(alice, due_tz="UTC")
    alice.timezone = "Pacific/Kiritimati"
    alice.save()

    assert not send_due(at=NOW - timedelta(seconds=1))
    assert send_due(at=NOW).sent == 1


def test_a_reminder_postponed_after_the_selection_is_not_sent(alice):
    task = task_due(alice)
    (found,) = due_reminders(at=NOW)
    act(actions.update_task, task, changes={"due_time": time(9, 1)})

    assert take_reminder(found.pk, owner_id=found.owner_id, at=NOW) is None

    assert is_pending(task)


def test_a_new_due_time_is_reminded_of_again(alice):
    task = task_due(alice)
    send_due(at=NOW)

    actions.update_task(
        caller_of(alice, NOW), task_id=task.pk, changes={"due_time": time(11)}
    )

    assert not send_due(at=NOW + timedelta(hours=2) - timedelta(seconds=1))
    assert send_due(at=NOW + timedelta(hours=2)).sent == 1


def test_a_new_title_is_not_reminded_of_again(alice):
    task = task_due(alice)
    send_due(at=NOW)
    # By their new clock the moment is still to come.
    alice.timezone = "America/New_York"
    alice.save()

    actions.update_task(
        caller_of(alice, NOW), task_id=task.pk, changes={"title": "Oat milk"}
    )

    assert not is_pending(task)


def test_a_reminder_that_is_a_day_late_is_dropped(alice):
    late, too_late = task_due(alice), task_due(alice, due_time=time(8, 59, 59))

    tally = send_due(at=NOW + TOO_LATE)

    assert tally.sent == 1
    assert not is_pending(late)
    assert not is_pending(too_late)


def test_sends_all_reminders_the_oldest_first(alice, monkeypatch):
    monkeypatch.setattr("todos.reminders.planning.PAGE", 2)
    for number in range(5):
        task_due(alice, title=f"Task {number}")
    task_due(
        alice,
        title="Older",
        due_date=date(2026, 11, 21),
        due_time=time(22),
        at=BEFORE - timedelta(days=2),
    )
    task_due(alice, due_date=date(2026, 11, 23))

    assert send_due(at=NOW).sent == 6

    subjects = [sent.subject for sent in mail.outbox]
    assert subjects[0] == "Older"
    assert sorted(subjects[1:]) == [f"Task {number}" for number in range(5)]


def test_the_selection_takes_the_same_queries_for_any_number_of_reminders(
    alice, django_assert_num_queries
):
    for _ in range(3):
        task_due(alice)

    with django_assert_num_queries(2):
        send_due(at=NOW - timedelta(hours=1))


# --- The recipient ------------------------------------------------------------


def no_mails(task):
    reminder_mails.switch(task.owner, on=False, at=BEFORE)


def unproven(task):
    EmailAddress.objects.filter(user=task.owner).update(verified=False)


def another_is_proven(task):
    EmailAddress.objects.filter(user=task.owner).update(email="other@example.com")


def archived(task):
    actions.update_list(
        caller_of(task.owner, BEFORE),
        list_id=task.list_id,
        changes={"archived_at": BEFORE},
    )


def list_in_the_trash(task):
    actions.trash_list(caller_of(task.owner, BEFORE), list_id=task.list_id)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda task: act(actions.complete_task, task),
        lambda task: act(actions.trash_task, task),
        lambda task: deactivate(user=task.owner, at=BEFORE),
        lambda task: request_deletion(user=task.owner, at=BEFORE),
        no_mails,
        unproven,
        another_is_proven,
        archived,
        list_in_the_trash,
    ],
    ids=[
        "completed",
        "trashed",
        "locked",
        "to be deleted",
        "switched off",
        "address not verified",
        "another address verified",
        "list archived",
        "list trashed",
    ],
)
def test_sends_nothing_if_the_reminder_no_longer_applies(alice, spoil):
    home = TaskListFactory(owner=alice, at=BEFORE)
    task = task_due(alice, list_id=home.pk)
    spoil(task)

    tally = send_due(at=NOW)

    assert not tally
    assert mail.outbox == []
    assert not is_pending(task)


@pytest.mark.parametrize("column", ["completed_at", "trashed_at"])
def test_the_sender_checks_the_state_of_the_task(alice, column):
    task = task_due(alice)
    Task.objects.filter(pk=task.pk).update(**{column: BEFORE})

    assert not send_due(at=NOW)


def test_sends_nothing_to_an_account_marked_for_deletion(alice):
    task_due(alice)
    alice.delete_after = NOW
    alice.save()

    assert not send_due(at=NOW)


def test_sends_nothing_to_a_user_without_an_address(db):
    task = task_due(UserFactory(email=None))

    assert not send_due(at=NOW)
    assert not is_pending(task)


# --- Several senders ----------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_senders_send_each_reminder_once(alice):
    for number in range(20):
        task_due(alice, title=f"Task {number}")
    barrier = Barrier(2, timeout=PATIENCE)
    sent = []

    def sender():
        barrier.wait()
        sent.append(send_due(at=NOW).sent)
        connection.close()

    threads = [Thread(target=sender) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)

    assert sum(sent) == 20
    assert sorted(one.subject for one in mail.outbox) == sorted(
        f"Task {number}" for number in range(20)
    )


@pytest.mark.django_db(transaction=True)
def test_a_reminder_claimed_by_another_sender_is_skipped(alice):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time")
    held = task_due(alice, title="Held")
    free = task_due(alice, title="Free")
    sent = []

    with transaction.atomic():
        assert take_reminder(held.pk, owner_id=held.owner_id, at=NOW) is not None
        other = Thread(
            target=lambda: (sent.append(send_due(at=NOW)), connection.close())
        )
        other.start()
        other.join(timeout=PATIENCE)

    assert [tally.sent for tally in sent] == [1]
    assert [one.subject for one in mail.outbox] == ["Free"]
    assert not is_pending(free)


def test_a_reminder_claimed_by_a_dead_sender_is_not_sent_twice(alice):
    task = task_due(alice)
    take_reminder(task.pk, owner_id=task.owner_id, at=NOW)

    assert not send_due(at=NOW)


def test_no_row_is_locked_while_a_mail_is_sent(alice, monkeypatch):
    task_due(alice)
    seen = []
    monkeypatch.setattr(
        "django.core.mail.backends.locmem.EmailBackend.send_messages",
        lambda self, mails: seen.append(len(connection.savepoint_ids)),
    )
    outside = len(connection.savepoint_ids)

    send_due(at=NOW)

    assert seen == [outside]


# --- The mail server ----------------------------------------------------------


def test_reminders_are_kept_while_the_mail_server_is_unavailable(no_server, alice):
    task = task_due(alice)

    with pytest.raises(OSError):
        send_due(at=NOW)

    assert is_pending(task)


def test_does_not_connect_to_the_mail_server_without_due_reminders(no_server, alice):
    task_due(alice)

    assert not send_due(at=BEFORE)


@pytest.mark.parametrize(
    "answers",
    [
        {"MAIL": "451 Later"},
        {"MAIL": "550 Not from you"},
        {"RCPT": "451 Greylisted"},
        {"DATA": "451 Later"},
        {"DATA": "554 No"},
        {"END": "452 Disk full"},
        {"END": ""},
        {"RCPT": ""},
    ],
    ids=lambda answers: "-".join(*answers.items()),
)
def test_a_temporary_failure_is_retried(server, alice, answers):
    task = task_due(alice)
    server.answers = answers

    tally = send_due(at=NOW)

    assert str(tally) == "sent: 0, refused: 0, postponed: 1"
    assert is_pending(task)

    server.mails.queue.clear()
    server.answers = {}
    assert send_due(at=NOW).sent == 1
    assert server.next()["Subject"] == "Buy milk"


def test_a_mailbox_that_does_not_exist_is_not_retried(server, alice):
    task = task_due(alice)
    server.answers = {"RCPT": "550 No such mailbox"}

    tally = send_due(at=NOW)

    assert str(tally) == "sent: 0, refused: 1, postponed: 0"
    assert not is_pending(task)


def test_a_failed_reminder_does_not_delay_others(server, alice, bob):
    task_due(alice, title="First")
    other = task_due(bob, title="Second", due_time=time(9, 0, 1))
    server.answers = {"END": ""}
    backoff = Backoff()
    send_due(at=NOW, backoff=backoff)
    server.mails.queue.clear()
    server.answers = {}

    # The first is to be tried again half a minute later, and the second is new.
    tally = send_due(at=NOW + timedelta(seconds=1), backoff=backoff)

    assert tally.sent == 1
    assert server.next()["Subject"] == "Second"
    assert not is_pending(other)


def test_the_delay_grows_with_each_failure(alice):
    task = task_due(alice)
    backoff, at = Backoff(), NOW
    waits = []

    for _ in range(9):
        backoff.failed(task.pk, at=at)
        wait = next(
            seconds
            for seconds in range(4000)
            if backoff.allows(task.pk, at=at + timedelta(seconds=seconds))
        )
        waits.append(wait)
        at += timedelta(seconds=wait)

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_failure_does_not_overwrite_a_concurrent_change(server, alice):
    task = task_due(alice)
    taken = take_reminder(task.pk, owner_id=task.owner_id, at=NOW)
    act(actions.complete_task, task)

    put_back(taken)

    assert not is_pending(task)


# --- The command --------------------------------------------------------------


def due_now(owner):
    """Create a task whose reminder was due a minute ago by the real clock."""
    now = timezone.now().replace(second=0, microsecond=0)
    due = now + timedelta(minutes=29)
    return task_due(
        owner,
        at=now - timedelta(hours=2),
        due_date=due.date(),
        due_time=due.time(),
    )


def test_runs_once_and_prints_what_it_did(alice):
    due_now(alice)
    out = StringIO()

    call_command("send_reminders", stdout=out)

    assert out.getvalue() == "Reminders sent: 1, refused: 0, postponed: 0\n"
    assert len(mail.outbox) == 1


def test_reports_an_unavailable_mail_server_without_its_response(no_server, alice):
    due_now(alice)

    with pytest.raises(CommandError, match="can't be reached") as caught:
        call_command("send_reminders", stdout=StringIO())

    assert "example.com" not in str(caught.value)


@pytest.mark.parametrize(
    ("now", "failures", "seconds"),
    [
        (0, 0, 30),
        (29, 0, 1),
        (30, 0, 30),
        (45.5, 0, 14.5),
        (30, 1, 60),
        (30, 2, 120),
        (30, 3, 240),
        (30, 9, LONGEST_PAUSE),
        (30, 10_000, LONGEST_PAUSE),
    ],
)
def test_rounds_begin_every_half_minute_and_later_after_failures(
    now, failures, seconds
):
    assert pause(now, failures) == seconds


@pytest.fixture
def forever(transactional_db):
    """Start senders that run forever, and stop them after the test."""
    started = []

    def start(**environment):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "send_reminders", "--forever"],
            cwd=settings.BASE_DIR,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATABASE_URL": database_url(),
                "SECRET_KEY": settings.SECRET_KEY,
                "VAR_DIR": str(settings.VAR_DIR),
            }
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def database_url():
    """Return the URL of the database of the tests."""
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    return (
        f"postgres://{chosen['USER']}:{chosen['PASSWORD']}"
        f"@{chosen['HOST']}:{chosen['PORT']}/{chosen['NAME']}"
    )


def read_until(process, message):
    """Return the log up to the line with this message."""
    lines = []
    for text in process.stderr:
        lines.append(text)
        if text.startswith("{") and json.loads(text)["message"] == message:
            return lines
    raise AssertionError("".join(lines))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_forever_sends_until_a_signal_stops_it(forever, alice, number):
    task = due_now(alice)
    with mail_server() as server:
        process = forever(EMAIL_URL=f"smtp://127.0.0.1:{server.port}")
        sent = server.next()
        lines = read_until(process, "reminders: sent: 1, refused: 0, postponed: 0")
        process.send_signal(number)
        _, rest = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert sent["Subject"] == "Buy milk"
    assert server.mails.empty()
    assert not is_pending(task)
    log = "".join([*lines, rest])
    assert "reminders: stopped" in log
    assert "milk" not in log
    assert "alice" not in log


def test_forever_survives_an_outage_of_the_database(forever):
    process = forever(
        DATABASE_URL="postgres://ownlist:secret-of-the-database@127.0.0.1:1/ownlist"
    )
    lines = read_until(process, "reminders: the database can't be reached")

    process.terminate()
    _, rest = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert "secret-of-the-database" not in "".join([*lines, rest])


def test_forever_survives_an_outage_of_the_mail_server(forever, alice, closed_port):
    task = due_now(alice)
    process = forever(EMAIL_URL=f"smtp://127.0.0.1:{closed_port}")
    read_until(process, "reminders: the mail server can't be reached")

    process.terminate()
    process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert is_pending(task)


@pytest.mark.parametrize("step", range(1, 31))
def test_forever_stops_wherever_a_signal_interrupts_it(monkeypatch, step):
    """With `Event.set` in the handler, a signal within `Event.wait` was a deadlock."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    tracer = sys.gettrace()
    steps = 0

    def interrupt(frame, event, _):
        nonlocal steps
        is_handled = signal.getsignal(signal.SIGINT) is not before[signal.SIGINT]
        traced = {send_reminders.__name__, "threading"}
        if is_handled and event == "line" and frame.f_globals["__name__"] in traced:
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGTERM)
        return interrupt

    def fail(*_):
        raise TimeoutError

    monkeypatch.setattr(send_reminders.Loop, "_round", lambda _: None)
    monkeypatch.setattr(send_reminders, "pause", lambda *_: 0)
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, fail)
    signal.alarm(PATIENCE)  # only a deadlock takes that long
    try:
        sys.settrace(interrupt)
        send_reminders.Loop().run()
    finally:
        sys.settrace(tracer)
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)

    assert steps >= step
