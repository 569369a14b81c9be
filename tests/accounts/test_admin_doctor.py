"""The Better Auth doctor in the admin, and the linked identities that it shows."""

import logging
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.better_auth import keys, verifier
from accounts.models import BrowserSession, LinkedIdentity, User
from tests import forging, support
from tests.factories import UserFactory

ADDRESS = reverse("admin:accounts_better_auth_doctor")
KEY = forging.key_of("EdDSA")


@pytest.fixture
def support_browser(page_as, sam):
    """Sam's browser, with the permissions of support."""
    return page_as(support.join(sam))


@pytest.fixture
def server(key_server, settings):
    """An issuer whose tokens the test signs."""
    keys.forget_keys()
    verifier.forget_tokens()
    key_server.publish(forging.jwk(KEY))
    settings.BETTER_AUTH_ISSUERS = f'[{{"url": "{key_server.url}"}}]'
    return key_server


def token_of(server, **changes):
    claims = forging.better_auth_claims(
        server.url,
        "user-1",
        datetime.now(UTC),
        name="Alice Liddell",
        email="liddell@example.com",
        **changes,
    )
    return forging.sign(claims, KEY)


def connect(user, server, **changes):
    words = {"subject": "user-1", "known_as": "liddell@example.com"}
    words |= {"created_at": timezone.now(), "last_used_at": timezone.now()}
    return LinkedIdentity.objects.create(
        user=user, issuer=server.url, **words | changes
    )


def test_explains_why_a_token_is_refused(support_browser, server):
    response = support_browser.post(ADDRESS, {"token": token_of(server, aud="other")})

    assert response.status_code == 200
    *settings, refusal = response.context["findings"]
    assert all(finding.passed for finding in settings)
    assert not refusal.passed
    assert "BETTER_AUTH_AUDIENCE" in response.text
    assert server.jwks_url in response.text


def test_names_the_user_of_a_valid_token(support_browser, server, alice):
    connect(alice, server)

    response = support_browser.post(ADDRESS, {"token": f"  {token_of(server)}\n"})

    assert f"It authenticates user {alice.pk}." in response.text
    assert all(finding.passed for finding in response.context["findings"])


def test_checks_only_the_settings_without_a_token(support_browser, server):
    server.mode("unavailable")

    response = support_browser.post(ADDRESS, {"token": ""})

    assert [finding.passed for finding in response.context["findings"]] == [
        True,
        False,
    ]
    assert "status 503" in response.text


def test_the_index_links_to_the_page(support_browser):
    assert f'href="{ADDRESS}"' in support_browser.get(reverse("admin:index")).text


@pytest.mark.parametrize("method", ["get", "post"])
def test_redirects_anonymous_visitors_to_the_sign_in_page(db, server, method):
    response = getattr(Client(), method)(ADDRESS, {"token": "a.b.c"})

    assert response.status_code == (302 if method == "get" else 303)
    assert response["Location"].startswith(reverse("account_login"))
    assert server.fetches == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_is_closed_to_a_user_who_is_not_staff(page_as, alice, server, method):
    response = getattr(page_as(alice), method)(ADDRESS, {"token": token_of(server)})

    assert response.status_code in {302 if method == "get" else 303, 403}
    assert "Findings" not in response.text
    assert server.fetches == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_is_closed_to_staff_without_the_permission(page_as, sam, server, method):
    browser = page_as(sam)

    response = getattr(browser, method)(ADDRESS, {"token": token_of(server)})

    assert response.status_code == 403
    assert server.fetches == 0
    assert ADDRESS not in browser.get(reverse("admin:index")).text


def test_a_get_sends_no_request_and_reads_no_token_from_the_url(
    support_browser, server
):
    response = support_browser.get(ADDRESS, {"token": token_of(server)})

    assert response.status_code == 200
    assert response.context["findings"] == []
    assert server.fetches == 0


def test_requires_the_csrf_token(sam, server):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(
        support.join(sam),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )

    response = browser.post(ADDRESS, {"token": token_of(server)})

    assert response.status_code == 403
    assert server.fetches == 0


def test_the_form_hides_what_is_typed(support_browser):
    text = support_browser.get(ADDRESS).text

    assert '<input type="password" name="token" autocomplete="off"' in text
    assert '<form method="post" autocomplete="off">' in text
    assert "csrfmiddlewaretoken" in text


@pytest.mark.parametrize("changes", [{}, {"aud": "other"}, {"exp": 1}])
def test_neither_token_nor_user_is_shown_logged_or_stored(
    support_browser, server, caplog, capfd, changes
):
    caplog.set_level(logging.DEBUG)
    token = token_of(server, **changes)

    response = support_browser.post(ADDRESS, {"token": token})

    places = [response.text, str(response.headers), caplog.text, *capfd.readouterr()]
    places += [str(session.get_decoded()) for session in BrowserSession.objects.all()]
    for secret in (*token.split(".")[1:], "Liddell", "liddell@example.com"):
        assert all(secret not in place for place in places)
    assert "no-store" in response["Cache-Control"]
    assert not User.objects.exclude(email="sam@example.com").exists()


@pytest.mark.parametrize("token", ["\x00", "x" * 20000, "<script>alert(1)</script>"])
def test_any_token_is_handled_and_not_repeated(support_browser, server, token):
    response = support_browser.post(ADDRESS, {"token": token})

    assert response.status_code == 200
    assert token not in response.text


def test_a_hostile_claim_is_text_on_the_page(support_browser, server):
    token = token_of(server, aud="<script>alert(1)</script>")

    response = support_browser.post(ADDRESS, {"token": token})

    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert" in response.text


def test_the_page_follows_the_content_security_policy(support_browser, server):
    response = support_browser.post(ADDRESS, {"token": token_of(server)})

    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert " style=" not in response.text
    assert "<style" not in response.text
    for script in response.text.split("<script")[1:]:
        assert " src=" in script.split(">")[0]


# --- The page of an account ---------------------------------------------------------


def test_an_account_shows_its_connected_sign_ins(support_browser, server, alice):
    first = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    connect(alice, server, created_at=first, last_used_at=first + timedelta(days=1))
    connect(alice, server, subject="user-2")
    connect(UserFactory(), server, subject="user-3")

    response = support_browser.get(
        reverse("admin:accounts_user_change", args=[alice.pk])
    )

    assert response.context["original"].identity_count == 2
    assert len(response.context["identities"]) == 2
    assert server.url in response.text
    assert "2025-01-02 03:04:05" in response.text
    assert "2025-01-03 03:04" in response.text


def test_an_account_shows_which_sign_ins_a_reset_has_paused(
    support_browser, server, alice
):
    connect(alice, server, suspended_at=timezone.now())
    connect(alice, server, subject="user-2")

    text = support_browser.get(
        reverse("admin:accounts_user_change", args=[alice.pk])
    ).text

    assert text.count("(paused after a password reset)") == 1


def test_an_account_shows_neither_the_subject_nor_the_address_there(
    support_browser, server, alice
):
    subject = secrets.token_hex(16)
    connect(alice, server, subject=subject)

    text = support_browser.get(
        reverse("admin:accounts_user_change", args=[alice.pk])
    ).text

    assert subject not in text
    assert "liddell@example.com" not in text


def test_an_account_without_identities_shows_no_table(support_browser, alice):
    response = support_browser.get(
        reverse("admin:accounts_user_change", args=[alice.pk])
    )

    assert response.context["original"].identity_count == 0
    assert "<h2>Connected sign-ins</h2>" not in response.text
