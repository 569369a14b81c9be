"""The mails of the account pages."""

import re
from smtplib import SMTPException

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail.backends import locmem
from django.db import connection
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory
from tests.support import join

NEW_PASSWORD = "a brand new staple battery"


def key_link(mail):
    (url,) = re.findall(r"http\S+/(?:key|confirm-email)/\S+", mail.body)
    return url.removeprefix(settings.BASE_URL)


@pytest.fixture
def every_mail(client, page_as, settings, mailoutbox, transactional_db):
    """Do everything that sends a mail, and return the mails by their subjects."""
    carol = UserFactory(email="o'carol@example.com", display_name="Carol")
    EmailAddress.objects.filter(user=carol).update(verified=True)
    client.post(reverse("account_signup"), _new("new@example.com"))
    client.post(reverse("account_logout"))
    reset = reverse("account_reset_password")
    client.post(reset, {"email": "nobody@example.com"})
    client.post(reset, {"email": carol.email})
    form = client.get(key_link(mailoutbox[-1]), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD})
    carol.refresh_from_db()
    carols = page_as(carol)
    carols.post(
        reverse("account_change_password"),
        {"oldpassword": NEW_PASSWORD, "password1": PASSWORD},
    )
    for address in ("first@example.com", "second@example.com"):
        carols.post(reverse("account_email"), {"email": address, "action_add": "1"})
    carols.post(
        reverse("account_email"), {"email": "second@example.com", "action_remove": "1"}
    )
    carols.post(
        reverse("account_email"), {"email": "third@example.com", "action_add": "1"}
    )
    carols.post(key_link(mailoutbox[-1]))
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    dan = UserFactory(email="dan@example.com", password=None)
    client.post(reverse("account_signup"), _new(dan.email))
    dans = page_as(dan, authenticated_at=None)
    password = {"password1": NEW_PASSWORD}
    page = dans.post(reverse("account_set_password"), password, follow=True)
    asked = dans.post(page.context["ask_for_code"], {"recipient": dan.email})
    [code] = re.findall(r"^[A-Z0-9-]+$", mailoutbox[-1].body, re.MULTILINE)
    back = dans.post(asked.url, {"code": code})
    dans.post(back.url, password)
    return {mail.subject: mail for mail in mailoutbox}


def _new(email):
    return {"email": email, "password1": PASSWORD}


def test_the_subject_names_the_product_and_the_topic(every_mail):
    assert set(every_mail) == {
        "Your Ownlist e-mail address change was cancelled",
        "Choose a new password for Ownlist",
        "Confirm your e-mail address for Ownlist",
        "No Ownlist account with this address",
        "Welcome to Ownlist: confirm your e-mail address",
        "You already have an Ownlist account",
        "Your Ownlist account has a password",
        "Your Ownlist confirmation code",
        "Your Ownlist e-mail address was changed",
        "Your Ownlist password was changed",
        "Your Ownlist password was reset",
    }


def test_is_readable_plain_text(every_mail):
    for subject, mail in every_mail.items():
        assert mail.alternatives == [], subject
        assert mail.body.startswith("Hello,\n\n"), subject
        assert mail.body.endswith(f"Your list is yours.\n{settings.BASE_URL}/"), subject
        assert "\n\n\n" not in mail.body, subject
        assert "&#x27;" not in mail.body, subject


def test_links_only_to_the_base_url(every_mail):
    for subject, mail in every_mail.items():
        links = re.findall(r"\w+://\S+", mail.body)
        assert links, subject
        for link in links:
            assert link.startswith(f"{settings.BASE_URL}/"), subject


def test_contains_no_hosts_ids_or_names_of_users(every_mail, django_user_model):
    words = ["testserver", "localhost", "Carol,", "user user", "None", "{{", "{%"]
    words += [str(user.pk) for user in django_user_model.objects.all()]

    for subject, mail in every_mail.items():
        for word in words:
            assert word not in mail.subject + mail.body, subject


def test_says_when_and_where_it_happened(every_mail):
    body = every_mail["Your Ownlist password was changed"].body

    assert re.search(r"^When: \d+ \w+ \d{4}, \d\d:\d\d UTC$", body, re.MULTILINE)
    assert re.search(r"^From: 127\.0\.0\.1$", body, re.MULTILINE)


@pytest.fixture
def broken_mail(monkeypatch):
    """A mail server that refuses every mail."""

    def refuse(self, messages):
        raise SMTPException("450 try again later")

    monkeypatch.setattr(
        "django.core.mail.backends.locmem.EmailBackend.send_messages", refuse
    )


def test_asks_to_try_again_if_a_mail_cannot_be_sent(client, alice, broken_mail):
    response = client.post(reverse("account_reset_password"), {"email": alice.email})

    assert response.status_code == 503
    assert "Temporarily unavailable" in response.text
    assert response["Retry-After"]


def test_changes_the_password_though_the_mail_about_it_can_not_be_sent(
    page_as, alice, broken_mail
):
    response = page_as(alice).post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD},
    )

    assert response.url == reverse("accounts:security")
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)


# --- Without a lock -----------------------------------------------------------------


@pytest.fixture
def sent_while_locked(monkeypatch):
    """Record the mails that are sent inside a transaction."""
    noted = []
    send = locmem.EmailBackend.send_messages

    def watched(self, mails):
        noted.extend(mail.subject for mail in mails if connection.in_atomic_block)
        return send(self, mails)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", watched)
    return noted


@pytest.mark.django_db(transaction=True)
def test_no_mail_is_sent_while_others_wait_to_write(
    sent_while_locked, page_as, alice, mailoutbox
):
    client = page_as(alice)
    client.post(reverse("account_email"), {"email": "a@example.com", "action_add": ""})

    client.post(key_link(mailoutbox[-1]))

    alice.refresh_from_db()
    assert alice.email == "a@example.com"
    assert len(mailoutbox) > 1
    assert sent_while_locked == []


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_staff_request_is_not_sent_within_a_transaction(
    sent_while_locked, page_as, sam, alice, mailoutbox
):
    join(sam)

    staff = page_as(sam)
    mailoutbox.clear()  # of the mail about Sam's second factor

    staff.post(f"/admin/accounts/user/{alice.pk}/send-password-reset/")

    assert len(mailoutbox) == 1
    assert sent_while_locked == []
