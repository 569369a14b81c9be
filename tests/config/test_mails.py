"""How many mails a process sends at once."""

import pytest
from django.core.mail import EmailMessage
from django.urls import reverse

from config import mails
from config.front import threads
from config.mails import AT_ONCE, THREADS, SMTPBackend, TooManyMails
from tests.mail_server import mail_server

MAIL = EmailMessage("Subject", "Text", "from@example.com", ["to@example.com"])


@pytest.fixture
def server():
    with mail_server() as running:
        yield running


@pytest.fixture
def backend(server, monkeypatch):
    monkeypatch.setattr(mails, "WAIT_MAX", 0)
    return SMTPBackend(host="127.0.0.1", port=server.port)


@pytest.fixture
def all_are_sending(backend):
    for _ in range(AT_ONCE):
        backend._slots.acquire()
    yield
    for _ in range(AT_ONCE):
        backend._slots.release()


def test_mails_are_sent_one_after_another(backend, server):
    for _ in range(AT_ONCE + 1):
        assert backend.send_messages([MAIL]) == 1
        server.next()


def test_a_mail_that_fails_does_not_stop_others(backend, server):
    server.answers["RCPT"] = "550 No such mailbox"
    for _ in range(AT_ONCE + 1):
        with pytest.raises(OSError, match="550"):
            backend.send_messages([MAIL])
    del server.answers["RCPT"]

    assert backend.send_messages([MAIL]) == 1


@pytest.mark.usefixtures("all_are_sending")
def test_a_mail_is_refused_while_too_many_are_sent(backend, server):
    with pytest.raises(TooManyMails):
        backend.send_messages([MAIL])

    assert server.mails.empty()


def test_a_thread_remains_for_other_requests(backend, monkeypatch):
    monkeypatch.setattr(mails, "SOON", 0)
    for _ in range(THREADS):
        backend._threads.acquire()
    try:
        with pytest.raises(TooManyMails):
            backend.send_messages([MAIL])
    finally:
        for _ in range(THREADS):
            backend._threads.release()

    assert AT_ONCE < THREADS < threads.THREADS
    assert backend.send_messages([MAIL]) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("all_are_sending", "backend")
def test_a_request_whose_mail_is_refused_says_when_to_retry(client, settings, alice):
    settings.EMAIL_BACKEND = mails.__name__ + "." + SMTPBackend.__name__

    response = client.post(reverse("account_reset_password"), {"email": alice.email})

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
