"""Passkeys in a real browser, with its virtual authenticator."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from fido2.cose import ES256
from fido2.webauthn import AttestedCredentialData
from playwright.sync_api import expect

from accounts import factors, passkeys
from accounts.models import SecurityEvent
from tests.browser.registry import Visit
from tests.factories import PASSWORD

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
# A security key that verifies nobody, and that is found only if it is named.
KEY = DEVICE | {
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "isUserVerified": False,
}


WITHOUT_SUGGESTIONS = (
    "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"
)


@pytest.fixture
def tab(new_context, live_server):
    """A page of a browser that has an authenticator, at the host of passkeys.

    It suggests no passkey by itself: the virtual authenticator would accept at once.
    """
    page = new_context(base_url=live_server.url).new_page()
    page.add_init_script(WITHOUT_SUGGESTIONS)
    return page


def plug_in(tab, options):
    tab.context.clear_cookies()
    session = tab.context.new_cdp_session(tab)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def register(tab, user, site, options=DEVICE):
    """Add a passkey of the user, and sign out."""
    plug_in(tab, options)
    Visit(tab, site).sign_in(user)
    tab.goto("/accounts/2fa/passkeys/add/")
    tab.get_by_label("Name").fill("My phone")
    tab.get_by_role("button", name="Add a passkey").click()
    expect(tab).to_have_url(re.compile("/accounts/2fa/codes/$"))
    expect(tab.locator(".codes li")).to_have_count(10)
    tab.context.clear_cookies()
    [row] = factors.passkeys_of(user)
    return row


def use_alone(tab):
    tab.goto("/accounts/login/?next=/trash/")
    tab.get_by_role("button", name="Use a passkey").click()


def enter_password(tab, user):
    tab.goto("/accounts/login/?next=/trash/")
    tab.get_by_label("E-mail").fill(user.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Second step")).to_be_visible()


def credential_with(credential_id):
    """Return a credential with this id, and with a key that nobody has."""
    key = ES256.from_cryptography_key(
        ec.generate_private_key(ec.SECP256R1()).public_key()
    )
    octets = urlsafe_b64decode(credential_id + "==")
    credential = AttestedCredentialData.create(b"\0" * 16, octets, key)
    return urlsafe_b64encode(credential).decode()


def change(row, **data):
    row.data |= data
    row.save()


def test_a_passkey_signs_in_alone_and_confirms(tab, alice, live_server):
    row = register(tab, alice, live_server.url)
    assert row.data["signs_in"] and row.data["name"] == "My phone"

    use_alone(tab)
    expect(tab).to_have_url(re.compile(r"//[^/]+/trash/$"))
    tab.goto("/accounts/delete/")  # a recent sign-in
    expect(tab.get_by_role("heading", level=1)).to_have_text(re.compile("Delete"))

    alice.refresh_from_db()
    row.refresh_from_db()
    assert row.last_used_at is not None


def test_the_sign_in_page_begins_no_session(client, db):
    """It could replace that of a sign-in by password which is sent meanwhile."""
    begun = client.post(reverse("mfa_passkey_options", args=["sign-in"]))

    assert begun.status_code == 200
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_a_security_key_is_a_second_step_and_not_enough_alone(tab, alice, live_server):
    row = register(tab, alice, live_server.url, KEY)
    assert not row.data["signs_in"]

    enter_password(tab, alice)
    tab.get_by_role("button", name="Use a passkey").click()

    expect(tab).to_have_url(re.compile(r"//[^/]+/trash/$"))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda row: change(row, signs_in=False), "can't sign you in alone"),
        (lambda row: change(row, sign_count=1000), "may have been copied"),
        (lambda row: row.delete(), "was removed from the account"),
    ],
    ids=["second step only", "counter", "removed in another tab"],
)
def test_a_passkey_is_refused_kindly(tab, alice, live_server, spoil, text):
    row = register(tab, alice, live_server.url)
    spoil(row)

    use_alone(tab)

    expect(tab.get_by_text(text)).to_be_visible()
    expect(tab).to_have_url(re.compile("/accounts/login/"))
    copied = alice.security_events.filter(about="copied passkey")
    assert copied.exists() is ("copied" in text)


def test_a_copied_passkey_is_refused_as_a_second_step_too(tab, alice, live_server):
    row = register(tab, alice, live_server.url)
    change(row, sign_count=1000)

    enter_password(tab, alice)
    tab.get_by_role("button", name="Use a passkey").click()

    expect(tab.get_by_text("may have been copied").first).to_be_visible()
    failed = SecurityEvent.Kind.FACTOR_FAILED
    assert alice.security_events.filter(kind=failed, about="copied passkey").exists()


def test_a_passkey_of_another_origin_or_user_is_refused(
    tab, alice, bob, live_server, settings, monkeypatch
):
    theirs = register(tab, alice, live_server.url).data["credential_id"]
    # Bob's passkey has the same id, so his browser offers Alice's.
    passkey = factors.NewPasskey(credential_with(theirs), theirs, 0, True)
    factors.add_passkey(user=bob, passkey=passkey, name="x", at=timezone.now())
    enter_password(tab, bob)
    tab.get_by_role("button", name="Use a passkey").click()
    expect(tab.get_by_text("was not accepted").first).to_be_visible()

    tab.context.clear_cookies()
    settings.IS_LOOPBACK = False
    settings.BASE_URL = "https://elsewhere.example"
    monkeypatch.setattr(passkeys, "relying_party", lambda: "localhost")
    use_alone(tab)
    expect(tab.get_by_text("was not accepted").first).to_be_visible()


def test_a_passkey_that_was_not_used_is_an_error_for_all_senses(tab, live_server):
    tab.add_init_script(
        "navigator.credentials.get = async () => { throw new Error(); }"
    )
    use_alone(tab)

    alert = tab.get_by_role("alert")
    expect(alert).to_have_text("No passkey was used. Try again, or use another way.")


def test_the_page_says_where_passkeys_work(tab, live_server):
    site = live_server.url.replace("localhost", "127.0.0.1")

    tab.goto(f"{site}/accounts/login/?next=/trash/")

    host = live_server.url.removeprefix("http://")
    note = tab.get_by_text(f"Passkeys work at {host} only. Use your password.")
    expect(note).to_be_visible()
    expect(tab.get_by_role("button", name="Use a passkey")).to_be_hidden()
    link = tab.get_by_role("link", name=host)
    expect(link).to_have_attribute(
        "href", f"{live_server.url}/accounts/login/?next=/trash/"
    )


def test_without_a_script_the_page_names_the_other_way(new_context, live_server):
    page = new_context(base_url=live_server.url, java_script_enabled=False).new_page()

    page.goto("/accounts/login/")

    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
