"""Numbers in the texts of pages and mails match the code."""

import re
from datetime import date, time, timedelta
from html import unescape

import pytest
from allauth.account import app_settings as allauth
from django.conf import settings as deployed
from django.urls import reverse

from accounts import support
from accounts.credentials import RECENT
from accounts.emails import LINK_LIFETIME
from accounts.factors import TOTP_SECONDS
from config.mails import CONSOLE
from tests.factories import TaskFactory, UserFactory
from todos.pages.upcoming import BARS

TEMPLATES = deployed.BASE_DIR / "templates"
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
RESET = timedelta(seconds=deployed.PASSWORD_RESET_TIMEOUT)
CODE = timedelta(seconds=allauth.LOGIN_BY_CODE_TIMEOUT)
_, MAIL_PERIOD = deployed.RATE_LIMITS["mail"]

# The length of time in the text of each template, and its value in the code.
# Advice such as "after a few minutes" is not checked.
PROMISED = {
    "account/confirm_reauthentication_code.html": {"a few minutes": CODE},
    "account/email/email_confirmation_message.txt": {"three days": LINK_LIFETIME},
    "account/email/email_confirmation_signup_message.txt": {
        "three days": LINK_LIFETIME
    },
    "account/email/password_reset_key_message.txt": {"one hour": RESET},
    "account/email_change.html": {"per hour": timedelta(seconds=MAIL_PERIOD)},
    "account/email_confirm.html": {"three days": LINK_LIFETIME},
    "account/password_reset_done.html": {
        "one hour": RESET,
        "a few minutes": None,
        "per hour": timedelta(seconds=MAIL_PERIOD),
    },
    "account/password_reset_from_key.html": {"an hour": RESET},
    "account/verification_sent.html": {
        "a few minutes": None,
        "per hour": timedelta(seconds=MAIL_PERIOD),
    },
    "account/verified_email_required.html": {"a few minutes": None},
    "accounts/credentials.html": {
        "one hour": RESET,
        "three days": LINK_LIFETIME,
    },
    "accounts/sign_in_again.html": {"15 minutes": RECENT},
    "mfa/index.html": {"30 seconds": TOTP_SECONDS * SECOND},
    "mfa/reauthenticate.html": {"15 minutes": RECENT},
    "accounts/support.html": {"an hour": max(support.MINUTES) * MINUTE},
    "todos/task_upcoming.html": {"two weeks": BARS * DAY},
}
LENGTHS = {
    "30 seconds": 30 * SECOND,
    "seven days": 7 * DAY,
    "three days": 3 * DAY,
    "an hour": HOUR,
    "per hour": HOUR,
    "one hour": HOUR,
    "15 minutes": 15 * MINUTE,
    "two weeks": 14 * DAY,
}
NUMBERS = "a few|an?|per|one|two|three|four|five|six|seven|ten|thirty|[0-9]+"
LENGTH = re.compile(rf"\b(?:{NUMBERS}) (?:second|minute|hour|day|week|month|year)s?\b")


def texts():
    for path in sorted(TEMPLATES.rglob("*.*")):
        text = path.read_text()
        text = re.sub(r"{% comment %}.*?{% endcomment %}", "", text, flags=re.DOTALL)
        yield str(path.relative_to(TEMPLATES)), text


def test_every_length_of_time_in_a_template_is_listed_above():
    found = {name: set(LENGTH.findall(text)) for name, text in texts()}

    listed = {name: set(lengths) for name, lengths in PROMISED.items()}
    assert {name: lengths for name, lengths in found.items() if lengths} == listed


def test_every_length_of_time_matches_the_code():
    for name, lengths in PROMISED.items():
        for words, length in lengths.items():
            if words == "a few minutes":
                assert length is None or 2 * MINUTE <= length <= 5 * MINUTE, name
            else:
                assert LENGTHS[words] == length, name


def test_a_browser_stays_signed_in_as_long_as_announced(client, db):
    page = client.get(reverse("account_login")).content.decode()

    days = timedelta(seconds=deployed.SESSION_COOKIE_AGE).days
    assert f"Keep me signed in for {days} days" in page


# --- Mails ------------------------------------------------------------------------


@pytest.fixture
def printed(settings):
    """A deployment without a mail server, like `make run`."""
    settings.EMAIL_BACKEND = CONSOLE


def pages_that_speak_of_mail(client, signed_in):
    """Yield every page before or after a mail."""
    yield client.get(reverse("account_reset_password"))
    sent = {"email": "carol@example.com"}
    yield client.post(reverse("account_reset_password"), sent, follow=True)
    yield client.get(reverse("account_email_verification_sent"))
    change = {"email": "new@example.com", "action_add": ""}
    yield signed_in.post(reverse("account_email"), change, follow=True)


SENT = re.compile("have sent|We send|We will send")


def test_announces_no_mail_if_none_is_sent(client, page_as, alice, printed, capsys):
    for page in pages_that_speak_of_mail(client, page_as(alice)):
        text = unescape(page.content.decode())

        assert "This server sends no e-mail." in text
        assert not SENT.search(text), SENT.search(text)


def test_a_new_user_learns_why_there_is_a_mail_even_if_it_is_printed(
    client, db, printed, capsys
):
    fields = {"email": "carol@example.com", "password1": "long enough to accept"}

    page = client.post(reverse("account_signup"), fields, follow=True)

    text = " ".join(unescape(page.content.decode()).split())
    assert "Confirm your e-mail address. This server sends no e-mail." in text


def test_announces_a_mail_that_was_sent(client, page_as, alice, mailoutbox):
    for page in pages_that_speak_of_mail(client, page_as(alice)):
        text = unescape(page.content.decode())

        assert SENT.search(text)
        assert "sends no e-mail" not in text
    assert len(mailoutbox) == 2


def test_announces_the_limit_of_mails_to_one_address(client, db, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"mail": (7, 3600)}

    page = client.post(
        reverse("account_reset_password"), {"email": "carol@example.com"}, follow=True
    )

    assert "At most 7 e-mails of this kind per hour" in page.content.decode()


def details_of(user):
    due = {"due_date": date(2027, 1, 5), "reminder_time": time(9)}
    task = TaskFactory(owner=user, **due)
    return reverse("todos:task-detail", args=[task.pk])


@pytest.mark.parametrize(
    ("fields", "is_verified", "words"),
    [
        ({}, True, "Sent by e-mail."),
        ({"reminder_mails": False}, True, "Your reminder e-mails are turned off."),
        ({}, False, "Confirm your e-mail address to receive reminders."),
    ],
)
def test_a_reminder_announces_a_mail_only_to_users_who_get_one(
    page_as, db, fields, is_verified, words
):
    user = UserFactory(**fields)
    user.emailaddress_set.update(verified=is_verified)

    page = page_as(user).get(details_of(user)).content.decode()

    assert words in page


def test_a_reminder_announces_no_mail_if_none_is_sent(page_as, alice, printed):
    page = page_as(alice).get(details_of(alice)).content.decode()

    assert "This server sends no e-mail." in page
