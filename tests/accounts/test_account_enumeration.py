"""Nothing reveals whether an address has an account: neither the text nor the work.

Time is not measured here. What takes time is counted: hashes, statements, writes that
are committed, and mails.
"""

import re
from collections import Counter
from dataclasses import dataclass

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.credentials import deactivate
from accounts.models import SecurityEvent, User
from tests.factories import PASSWORD, UserFactory
from tests.support import join

KNOWN, UNKNOWN = "alice@example.com", "nobody@example.com"
WRONG = "wrong horse battery"


class Counting(MD5PasswordHasher):
    """A fast hasher that counts its hashes."""

    algorithm = "counting"
    computed = 0

    def encode(self, password, salt):
        Counting.computed += 1
        return super().encode(password, salt)


@dataclass(frozen=True)
class Work:
    """The work that a response cost."""

    status: int
    hashes: int
    statements: list[str]
    mails: int


@pytest.fixture
def work(settings, mailoutbox):
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]

    def measure(ask, email):
        Counting.computed = 0
        mailoutbox.clear()
        with CaptureQueriesContext(connection) as captured:
            response = ask(email)
        return Work(
            response.status_code,
            Counting.computed,
            [shape_of(one["sql"]) for one in captured],
            len(mailoutbox),
        )

    return measure


TABLE = re.compile(r'(?:FROM|INTO|^UPDATE) "?(\w+)')


def shape_of(sql):
    """Return a statement as what it does to which table; savepoints are all alike."""
    if "SAVEPOINT" in sql:
        return "savepoint"
    return " ".join([sql.split()[0], *TABLE.findall(sql)])


def steps(work):
    """Return the statements, without how an inner transaction ends."""
    return [step for step in work.statements if step != "savepoint"]


def by_api(email):
    return APIClient().post(reverse("api:token"), {"email": email, "password": WRONG})


def on_page(email):
    return Client().post(reverse("account_login"), {"login": email, "password": WRONG})


def reset(email):
    return Client().post(reverse("account_reset_password"), {"email": email})


def register(email):
    body = {"email": email, "password": PASSWORD}
    return APIClient().post(reverse("api:register"), body)


def sign_up(email):
    body = {"email": email, "password1": PASSWORD, "timezone": "Europe/Berlin"}
    return Client().post(reverse("account_signup"), body)


@pytest.fixture
def mandatory(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.mark.parametrize("ask", [by_api, on_page])
@pytest.mark.parametrize("kind", ["usual", "unverified", "without password", "locked"])
def test_a_sign_in_that_fails_takes_the_same_work(work, db, ask, kind):
    password = None if kind == "without password" else PASSWORD
    alice = UserFactory(email=KNOWN, password=password)
    if kind == "unverified":
        alice.emailaddress_set.update(verified=False)
    if kind == "locked":
        deactivate(user=alice, at=timezone.now())
    # The first request of an hour creates rows that the next ones find.
    ask(KNOWN), ask(UNKNOWN)

    known, unknown = work(ask, KNOWN), work(ask, UNKNOWN)

    assert known == unknown
    assert known.hashes == 1
    assert known.statements


@pytest.mark.parametrize("ask", [by_api, on_page])
def test_failures_that_are_not_recorded_cost_the_same_work(work, alice, ask, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in": (1000, 10**10)}
    for _ in range(12):
        ask(KNOWN), ask(UNKNOWN)

    known, unknown = work(ask, KNOWN), work(ask, UNKNOWN)

    assert known == unknown


@pytest.mark.parametrize("ask", [by_api, on_page])
def test_a_refusal_beyond_the_limit_takes_the_same_work(work, alice, ask, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in": (1, 10**10)}
    ask(KNOWN), ask(UNKNOWN)

    known, unknown = work(ask, KNOWN), work(ask, UNKNOWN)

    assert known == unknown
    assert (known.status, known.hashes) == (429, 0)


def test_asking_for_a_reset_takes_the_same_work(work, alice):
    reset(KNOWN), reset(UNKNOWN)

    known, unknown = work(reset, KNOWN), work(reset, UNKNOWN)

    assert known == unknown
    assert known.mails == 1


def test_a_reset_of_a_locked_account_takes_the_same_work(work, alice):
    deactivate(user=alice, at=timezone.now())
    reset(KNOWN), reset(UNKNOWN)

    assert work(reset, KNOWN) == work(reset, UNKNOWN)


def test_changing_to_an_address_takes_the_same_work(work, page_as, alice, bob):
    client = page_as(bob)

    def change(email):
        url = reverse("account_email")
        return client.post(url, {"email": email, "action_add": "yes"})

    change("first@example.com")

    known, unknown = work(change, KNOWN), work(change, UNKNOWN)

    assert known == unknown
    assert known.mails == 1


@pytest.mark.parametrize("ask", [register, sign_up])
def test_registration_takes_the_same_work(work, alice, mandatory, ask):
    ask("first@example.com")

    known, unknown = work(ask, KNOWN), work(ask, UNKNOWN)

    assert steps(known) == steps(unknown)
    assert (known.status, known.hashes, known.mails) == (
        unknown.status,
        unknown.hashes,
        unknown.mails,
    )
    assert known.hashes == known.mails == 1


@pytest.mark.parametrize("ask", [register, sign_up])
def test_registering_a_known_address_leaves_nothing(alice, mandatory, ask):
    ask(KNOWN)

    assert list(User.objects.all()) == [alice]
    assert alice.emailaddress_set.count() == 1
    assert not SecurityEvent.objects.exists()


@pytest.mark.parametrize("ask", [register, sign_up])
def test_registering_an_unknown_address_makes_an_account(db, mandatory, ask):
    ask(UNKNOWN)

    user = User.objects.get(email=UNKNOWN)
    assert user.check_password(PASSWORD)
    assert [one.verified for one in user.emailaddress_set.all()] == [False]
    assert [one.kind for one in user.security_events.all()] == ["signed_up"]


def test_signing_up_keeps_the_zone_of_the_device(db, mandatory):
    sign_up(UNKNOWN)

    assert User.objects.get(email=UNKNOWN).timezone == "Europe/Berlin"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", [by_api, on_page, reset])
def test_known_and_unknown_addresses_write_in_one_transaction(ask, mailoutbox):
    """A commit without a write would be faster: it waits for no disk."""
    UserFactory(email=KNOWN)

    for email in (KNOWN, UNKNOWN):
        with CaptureQueriesContext(connection) as captured:
            ask(email)
        found = [shape_of(one["sql"]) for one in captured]

        noted = found.index("INSERT accounts_securityevent accounts_user")
        assert found[noted - 3 : noted + 3] == [
            "BEGIN",
            "INSERT config_ratecount",
            "INSERT accounts_eventchain accounts_user",
            "INSERT accounts_securityevent accounts_user",
            "UPDATE accounts_eventchain",
            "COMMIT",
        ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", [register, sign_up])
@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_each_registration_commits_a_write_before_its_mail(
    ask, email, mandatory, mailoutbox
):
    UserFactory(email=KNOWN)

    with CaptureQueriesContext(connection) as captured:
        ask(email)

    assert shape_of(captured[-1]["sql"]) == "INSERT config_ratecount"
    assert len(mailoutbox) == 1


# --- How many mails -----------------------------------------------------------------


@pytest.mark.parametrize("ask", [reset, register])
@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_one_mailbox_gets_five_mails_of_a_kind_an_hour(
    alice, mandatory, mailoutbox, settings, ask, email
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {
        "mail": (5, 10**10), "reset": (100, 60), "register": (100, 60)
    }  # fmt: skip

    statuses = {ask(email).status_code for _ in range(8)}

    assert len(statuses) == 1
    assert {mail.to[0] for mail in mailoutbox} == {email}
    # The first registration of an address sends a confirmation, later ones don't.
    assert max(Counter(mail.subject for mail in mailoutbox).values()) == 5


def test_a_mail_that_staff_request_is_sent(page_as, sam, alice, mailoutbox, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"mail": (1, 10**10)}
    join(sam)
    for _ in range(3):
        reset(KNOWN)

    page_as(sam).post(f"/admin/accounts/user/{alice.pk}/send-password-reset/")

    assert len(mailoutbox) == 2
    noted = alice.security_events.filter(kind=SecurityEvent.Kind.RESET_REQUESTED)
    assert noted.filter(by=sam).count() == 1


@pytest.mark.parametrize("other", [register, sign_up])
@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_registrations_do_not_use_up_the_limit_on_reset_mails(
    alice, mandatory, mailoutbox, settings, other, email
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {
        "mail": (5, 10**10), "reset": (100, 60), "register": (100, 60)
    }  # fmt: skip
    for _ in range(8):
        other(email)
    mailoutbox.clear()

    reset(email)

    assert [mail.to for mail in mailoutbox] == [[email]]
