"""What waits for a receiver delays nobody, is bounded, and is sent once it is back."""

import os
import time

import pytest

from config.outages import outages
from config.telemetry import sender as sending
from config.telemetry.sender import PAUSE, PAUSE_MAX, NotAccepted, Sender, post
from tests.patience import PATIENCE, until
from tests.receiver import receiver as running_receiver


@pytest.fixture(autouse=True)
def no_outages():
    yield
    outages.forget()


@pytest.fixture
def receiver():
    with running_receiver() as one:
        yield one


@pytest.fixture
def make(receiver, monkeypatch):
    """Make a sender of texts, which pauses for an instant after a failure."""
    monkeypatch.setattr(sending, "PAUSE", 0.01)
    monkeypatch.setattr(sending, "_senders", made := [])

    def sender(url=None, **options):
        url = url or f"{receiver.address}/texts"
        return Sender(
            url, {"X-Key": "k"}, lambda items: ",".join(items).encode(), **options
        )

    yield sender
    receiver.released.set()
    for one in made:
        one.end()
        one.join(PATIENCE)


def test_an_item_is_sent_compressed_with_the_headers(make, receiver):
    make(capacity=10).put("hello")

    received = receiver.next()
    assert (received.path, received.body) == ("/texts", b"hello")
    assert received.headers["Content-Encoding"] == "gzip"
    assert received.headers["X-Key"] == "k"


def test_items_are_sent_in_batches(make, receiver):
    sender = make(capacity=10, batch=3, linger=PATIENCE)

    for text in "abc":
        sender.put(text)

    assert receiver.next().body == b"a,b,c"


def test_an_incomplete_batch_is_sent_after_a_while(make, receiver):
    make(capacity=10, batch=3, linger=0.01).put("a")

    assert receiver.next().body == b"a"


def test_putting_never_waits_and_the_queue_is_bounded(make, receiver):
    receiver.hangs = True
    sender = make(capacity=3)
    sender.put("sent")
    assert receiver.arrived.wait(PATIENCE)

    for number in range(1000):
        sender.put(str(number))  # would wait for ever, if it waited

    receiver.hangs = False
    receiver.released.set()
    assert [receiver.next().body for _ in range(4)] == [b"sent", b"0", b"1", b"2"]
    sender.end()
    sender.join(PATIENCE)
    assert receiver.all() == []


@pytest.mark.parametrize("status", [429, 503])
def test_what_a_busy_receiver_refused_is_sent_again(make, receiver, status):
    receiver.status = status
    sender = make(capacity=10)
    sender.put("a")
    receiver.next()
    receiver.status = 200

    assert receiver.next().body == b"a"


def test_what_an_unreachable_receiver_missed_is_sent_again(make, monkeypatch, caplog):
    calls = []

    def fail_at_first(url, headers, body):
        calls.append(body)
        if len(calls) == 1:
            raise ConnectionRefusedError("the text of the error")

    monkeypatch.setattr(sending, "post", fail_at_first)
    sender = make(capacity=10)

    sender.put("a")
    sender.put("b")
    until(lambda: len(calls) == 3)

    assert calls == [b"a", b"a", b"b"]
    (line,) = [one for one in caplog.records if one.message == "outage"]
    assert (line.part, line.reason) == ("telemetry", "ConnectionRefusedError")


@pytest.mark.parametrize("status", [302, 400, 401, 413])
def test_what_was_refused_for_good_is_dropped(make, receiver, status, caplog):
    receiver.status, receiver.headers = status, {"Location": "/elsewhere"}
    sender = make(capacity=10)
    sender.put("a")
    receiver.next()
    receiver.status = 200
    sender.put("b")

    assert (received := receiver.next()).body == b"b"
    assert received.path == "/texts"
    (line,) = [one for one in caplog.records if one.message == "outage"]
    assert line.code == f"status {status}"


def test_an_error_in_the_encoding_does_not_end_the_thread(receiver, monkeypatch):
    monkeypatch.setattr(sending, "PAUSE", 0.01)
    sender = Sender(receiver.address + "/x", {}, lambda items: items[0], capacity=10)

    sender.put("no bytes")
    sender.put(b"bytes")

    assert receiver.next().body == b"bytes"
    sender.end()
    sender.join(PATIENCE)


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("", PAUSE),
        ("soon", PAUSE),
        ("0", PAUSE),
        ("60", 60),
        ("999999", PAUSE_MAX),
        ("²", PAUSE),
    ],
)
def test_a_receiver_can_ask_for_a_longer_pause(asked, pause):
    assert NotAccepted(429, asked).pause == pause


def test_the_end_waits_no_longer_than_it_may(make, receiver, monkeypatch):
    monkeypatch.setattr(sending, "STOP_TIMEOUT", 0.05)
    monkeypatch.setattr(sending, "TIMEOUT", PATIENCE)
    receiver.hangs = True
    one, other = make(capacity=10), make(capacity=10)
    one.put("a")
    other.put("a")
    assert receiver.arrived.wait(PATIENCE)

    started = time.monotonic()
    sending.stop()

    assert time.monotonic() - started < PATIENCE / 2


def test_the_end_sends_what_waits(make, receiver):
    sender = make(capacity=10, batch=5, linger=PATIENCE)
    sender.put("a")
    sender.put("b")

    sending.stop()

    assert receiver.next().body == b"a,b"


# Its other thread holds no lock that the child needs.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_process_has_a_thread_and_a_queue_of_its_own(make, receiver):
    sender = make(capacity=10)
    sender.put("parent")
    receiver.next()

    pid = os.fork()
    if pid == 0:
        try:
            sender.put("child")
            sender.end()
            sender.join(PATIENCE)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)

    assert receiver.next().body == b"child"
    sender.put("parent again")
    assert receiver.next().body == b"parent again"


def test_an_address_where_nothing_listens_is_an_error(closed_port):
    with pytest.raises(OSError, match="refused"):
        post(f"http://127.0.0.1:{closed_port}/x", {}, b"")
