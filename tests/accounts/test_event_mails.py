"""The mails about security events: which are sent, to whom, and what they say."""

import re
from smtplib import SMTPException

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import credentials, event_mails, events
from accounts.models import SecurityEvent, User
from tests.factories import PASSWORD, UserFactory

Kind = SecurityEvent.Kind
NEW = "a brand new staple battery"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"

# Kinds that are not mailed by `event_mails`, and why.
NOT_MAILED = {
    Kind.SIGNED_UP: "the mail to confirm the address says it",
    Kind.SIGN_IN_FAILED: "anyone can cause it",
    Kind.SIGNED_OUT: "harmless",
    Kind.RESET_REQUESTED: "is a mail itself",
    Kind.EMAIL_CHANGED: "allauth writes to the old address",
    Kind.IDENTITY_LINKED: "identity_mails names the sign-in",
    Kind.IDENTITY_UNLINKED: "identity_mails names the sign-in",
    Kind.IDENTITY_KEPT: "the user answered a question about it",
    Kind.IDENTITY_DISTRUSTED: "the safer setting",
    Kind.BROWSER_TRUSTED: "part of a sign-in, which is mailed if it is new",
    Kind.TOKEN_NARROWED: "harmless",
    Kind.CREDENTIAL_ENDED: "harmless",
    Kind.EXPORTED: "programs do it every day",
    Kind.SUPPORT_ENDED: "harmless",
}


@pytest.fixture
def alice(transactional_db):
    return UserFactory(email="alice@example.com")


def subjects(mailoutbox):
    return [mail.subject for mail in mailoutbox]


def sign_in(client, **headers):
    return client.post(
        reverse("account_login"),
        {"login": "alice@example.com", "password": PASSWORD},
        headers=headers,
    )


def test_every_kind_is_mailed_or_has_a_reason_not_to_be():
    assert set(event_mails.NOTICES).isdisjoint(NOT_MAILED)
    assert set(event_mails.NOTICES) | set(NOT_MAILED) == set(Kind)


@pytest.mark.parametrize("kind", set(event_mails.NOTICES) - event_mails.MAILED_IF)
def test_mails_each_kind_once_in_plain_text(alice, sam, mailoutbox, kind):
    notice = event_mails.NOTICES[kind]

    by = sam if notice.only_by_support else None
    events.record(alice, kind, at=timezone.now(), by=by, about="passkey" * (not by))

    if kind == Kind.PASSWORD_CHANGED:  # `about` must be known
        events.record(alice, kind, at=timezone.now())
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([alice.email], notice.subject)
    assert mail.body.startswith("Hello,\n\n")
    assert "{" not in mail.body
    assert "\n\n\n" not in mail.body
    head = alice.event_chains.get(chain="account")
    assert f"Event {head.number} of your security log" in mail.body
    assert head.digest in mail.body
    assert str(alice.pk) not in mail.body


def test_the_program_that_changes_the_password_causes_one_mail(
    api_as, alice, mailoutbox
):
    api_as(alice).post(
        reverse("api:password"), {"old_password": PASSWORD, "new_password": NEW}
    )

    assert subjects(mailoutbox) == ["Your Ownlist password was changed"]
    assert re.search(r"^From: 127\.0\.0\.1$", mailoutbox[0].body, re.MULTILINE)


def test_a_requested_deletion_causes_one_mail(page_as, alice, mailoutbox):
    page_as(alice).post(reverse("accounts:delete"))

    assert subjects(mailoutbox) == ["Your Ownlist account will be deleted"]
    assert "seven days" in mailoutbox[0].body
    [link] = re.findall(r"https?://\S+/keep/\S+", mailoutbox[0].body)
    Client().post(link.removeprefix(settings.BASE_URL))
    alice.refresh_from_db()
    assert alice.is_active


def test_what_support_does_is_mailed_and_says_so(alice, sam, mailoutbox):
    now = timezone.now()
    credentials.sign_out_everywhere(user=alice, at=now, by=sam)
    credentials.deactivate(user=alice, at=now, by=sam)
    credentials.reactivate(user=alice, at=now, by=sam)

    assert len(mailoutbox) == 3
    for mail in mailoutbox:
        assert "Support did this." in mail.body
        assert "contact the administrator" in mail.body
        assert "sam" not in mail.body.lower()
        assert "From:" not in mail.body

    credentials.sign_out_everywhere(user=alice, at=now)
    assert len(mailoutbox) == 3


def test_only_a_new_browser_is_mailed(alice, mailoutbox):
    known = Client()
    sign_in(known)
    assert mailoutbox == []  # the first sign-in of the account

    known.post(reverse("account_logout"))
    sign_in(known)
    assert mailoutbox == []

    sign_in(Client(), user_agent=FIREFOX)
    assert subjects(mailoutbox) == ["New sign-in to your Ownlist account"]
    assert "(Firefox on Windows)" in mailoutbox[0].body


def test_only_a_new_program_is_mailed(alice, mailoutbox):
    body = {"email": alice.email, "password": PASSWORD}
    for agent in ("curl/8.1", "curl/8.2", "python-httpx/0.27", "python-httpx/0.28"):
        answer = APIClient().post(
            reverse("api:token"), body, headers={"user-agent": agent}
        )
        assert answer.status_code == 200

    assert subjects(mailoutbox) == ["New sign-in to your Ownlist account"]
    assert "(Python HTTPX)" in mailoutbox[0].body
    names = alice.security_events.order_by("number").values_list("about", flat=True)
    assert list(names) == ["curl", "curl", "Python HTTPX", "Python HTTPX"]


def test_nothing_is_mailed_if_it_is_rolled_back(alice, mailoutbox):
    with pytest.raises(credentials.CredentialEnded):
        credentials.change_password(
            user=User(pk=alice.pk, credential_epoch=9), password=NEW, at=timezone.now()
        )

    assert mailoutbox == []


def test_an_address_that_is_not_verified_gets_no_mail(alice, mailoutbox):
    EmailAddress.objects.update(verified=False)

    events.record(alice, Kind.CODE_USED, at=timezone.now())

    assert mailoutbox == []


def test_one_user_gets_few_mails_of_a_kind_in_an_hour(alice, mailoutbox):
    for _ in range(8):
        events.record(alice, Kind.CODE_USED, at=timezone.now())
    events.record(alice, Kind.TOKEN_CREATED, at=timezone.now())

    assert len(mailoutbox) == 6


@pytest.mark.parametrize("error", [SMTPException, OSError, RuntimeError])
def test_a_mail_that_cannot_be_sent_changes_nothing(
    api_as, alice, monkeypatch, error, caplog
):
    def refuse(self, messages):
        raise error("450 alice@example.com")

    monkeypatch.setattr(
        "django.core.mail.backends.locmem.EmailBackend.send_messages", refuse
    )

    answer = api_as(alice).post(
        reverse("api:password"), {"old_password": PASSWORD, "new_password": NEW}
    )

    assert answer.status_code == 204
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert caplog.records
