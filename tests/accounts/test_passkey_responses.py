"""Responses of passkeys that are malformed, or meant for another user or purpose.

Each is refused in the words of the page, stores nothing, and is no error of the server.
"""

import json
import secrets

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from fido2 import cbor

from accounts import factors, passkeys
from accounts.models import BrowserSession, SecurityEvent
from config.models import RateCount
from tests.authenticator import USER_PRESENT, USER_VERIFIED, Passkey, decoded, encoded
from tests.factories import PASSWORD
from tests.signing_in import browser_of, factor_at

pytestmark = pytest.mark.django_db

SIGN_IN, STEP = reverse("account_login"), reverse("mfa_authenticate")
ALONE, ADD = reverse("mfa_login_webauthn"), reverse("accounts:passkey-add")
REFUSED = "This passkey was not accepted. Try again."
GONE = "This passkey was removed from the account."
FAILED = SecurityEvent.Kind.FACTOR_FAILED

TEXTS = [
    *("null", "true", "0", "[]", "{}", '"x"', "NaN", "1e999", "\ufeff{}", "{"),
    *("[" * 19_000, '{"a":' * 3000, "9" * 19_000, '"\\ud800"', "{}" * 10),
]
VALUES = [
    *(None, 0, [], {"a": 1}, "", "a", "é", "\ud800", encoded(b"\xff" * 99)),
    *(encoded(b"null"), encoded(b"[" * 9000), encoded(b"\x9b" + b"\xff" * 8)),
]
# What the browser reports, signed by the passkey that it belongs to.
CLIENTS = [
    *({"type": value} for value in ("payment.get", "", None, 1, [])),
    *({"challenge": value} for value in (encoded(b"x" * 32), "", "!", None, 1, {})),
    *({"origin": value} for value in ("http://testserver:81", "https://testserver")),
    *({"origin": value} for value in ("http://a.testserver", "null", "", None, [])),
    *({"crossOrigin": value} for value in (True, "true", 1, None)),
]
KEYS = [
    *({-2: b"x" * 32}, {-2: b"x"}, {-2: 1}, {-1: 2}, {-1: 9}),
    *({3: 0}, {3: -65535}, {3: "-7"}, {3: -257}, {3: -8}, {3: -8, -1: 6, -2: b"x"}),
    {1: 3, 3: -257, -1: b"\x03", -2: b"\x01"},
]


def changed(response, **members):
    """Return the text of a response with these members of `response` replaced."""
    return json.dumps(response | {"response": response["response"] | members})


def without(response, name):
    members = {key: one for key, one in response["response"].items() if key != name}
    return json.dumps(response | {"response": members})


def malformed(names):
    """Yield functions that make nonsense of a response with these members."""
    yield from (lambda _, text=text: text for text in TEXTS)
    yield lambda good: json.dumps(good)[:-5]
    yield lambda good: json.dumps(good) + " " * 20_001
    for name in ("id", "rawId", "response"):
        for value in VALUES[:8]:
            yield lambda good, name=name, value=value: json.dumps(good | {name: value})
    for value in (0, True, [], "", "x", ["x"]):
        yield lambda good, v=value: json.dumps(good | {"clientExtensionResults": v})
    for name in names:
        yield lambda good, name=name: without(good, name)
        for value in VALUES:
            yield lambda good, name=name, v=value: changed(good, **{name: v})


class Attempts:
    """What one purpose needs: options from a page, and a form to send."""

    def __init__(self, client, purpose, to, **fields):
        route = "mfa_passkey_options" if purpose in {"sign-in", "step"} else ""
        route = route or "accounts:passkey-options"
        self.options_at = reverse(route, args=[purpose])
        self.client, self.to, self.fields = client, to, fields

    def options(self):
        response = self.client.post(self.options_at)
        assert response.status_code == 200
        return response.json()

    def send(self, credential):
        RateCount.objects.all().delete()  # not this limit is tested
        form = {**self.fields, "credential": credential}
        return self.client.post(self.to, form, follow=True)


def assert_refused(attempts, credential, text=REFUSED):
    response = attempts.send(credential)
    assert response.status_code == 200, credential[:300]
    assert text in response.text, credential[:300]


def stored(user):
    rows = [(row.pk, row.data, row.last_used_at) for row in factors.factors_of(user)]
    events = user.security_events.exclude(kind=FAILED).count()
    return rows, events, BrowserSession.objects.filter(user=user).count()


def owner_of(passkey, user):
    """Give the passkey to the user; return their browser."""
    client = browser_of(user, proof=factor_at(timezone.now()))
    attempts = Attempts(client, "add", ADD, name="My phone")
    response = attempts.send(json.dumps(passkey.made(attempts.options())))
    assert "has been added" in response.text
    return client


def at_the_step(user):
    client = Client()
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    return Attempts(client, "step", STEP)


def test_no_malformed_or_foreign_passkey_is_added(alice):
    owner = owner_of(Passkey(), alice)
    before, attempts = stored(alice), Attempts(owner, "add", ADD, name="Another")
    made = Passkey().made

    for spoil in malformed(("clientDataJSON", "attestationObject")):
        assert_refused(attempts, spoil(made(attempts.options())))
    for client in (*CLIENTS, {"type": "webauthn.get"}):
        assert_refused(attempts, json.dumps(made(attempts.options(), **client)))
    for cose in KEYS:
        assert_refused(attempts, json.dumps(made(attempts.options(), cose=cose)))
    for flags in (0, USER_PRESENT, USER_VERIFIED):
        assert_refused(attempts, json.dumps(made(attempts.options(), flags=flags)))
    for damage in (b"", b"\0" * 36, None, 1, "x", [], {}):
        good = made(attempts.options())
        attestation = cbor.decode(decoded(good["response"]["attestationObject"]))
        if damage is not None:
            attestation["authData"] = damage
        else:  # the last bytes of the key are missing
            attestation["authData"] = attestation["authData"][:-3]
        text = changed(good, attestationObject=encoded(cbor.encode(attestation)))
        assert_refused(attempts, text)

    assert stored(alice) == before


@pytest.mark.parametrize("purpose", ["sign-in", "step"])
def test_no_malformed_or_foreign_passkey_signs_in(alice, bob, purpose):
    passkey, theirs = Passkey(), Passkey()
    owner_of(passkey, alice)
    owner_of(theirs, bob)
    alone = purpose == "sign-in"
    attempts = Attempts(Client(), purpose, ALONE) if alone else at_the_step(alice)
    before = stored(alice)

    members = ("clientDataJSON", "authenticatorData", "signature", "userHandle")
    # The same code parses both.
    for spoil in malformed(members) if alone else ():
        assert_refused(attempts, spoil(passkey.used(attempts.options())))
    wrong = [
        *CLIENTS,
        {"type": "webauthn.create"},
        *({"host": host} for host in ("example.com", "a.localhost", "testserver")),
        *({"flags": flags} for flags in (0, USER_VERIFIED)),
        *([{"flags": USER_PRESENT}] if alone else []),
    ]
    for change in wrong:
        assert_refused(attempts, json.dumps(passkey.used(attempts.options(), **change)))
    others = theirs.used(attempts.options(), handle=passkey.handle)
    assert_refused(attempts, json.dumps(others), GONE)
    # A passkey that claims the id of another one.
    theirs.id, mine = passkey.id, passkey.id
    others = theirs.used(attempts.options(), handle=passkey.handle)
    assert_refused(attempts, json.dumps(others))
    passkey.id = secrets.token_bytes(32)
    assert_refused(attempts, json.dumps(passkey.used(attempts.options())), GONE)
    passkey.id = mine
    attempts.options()
    elsewhere = passkey.used(at_the_step(alice).options())
    assert_refused(attempts, json.dumps(elsewhere))
    assert stored(alice) == before

    final = json.dumps(passkey.used(attempts.options()))
    attempts.send(final)
    assert "_auth_user_id" in attempts.client.session
    passkey.count -= 1  # a copy of it
    copied = at_the_step(alice)
    text = json.dumps(passkey.used(copied.options()))
    assert_refused(copied, text, "may have been copied")


def test_a_response_is_accepted_once(alice):
    """Also if requests of the same moment have all read that it was asked for."""
    passkey = Passkey()
    owner_of(passkey, alice)
    now, request = timezone.now(), RequestFactory().post("/")

    for purpose in ("step", "confirm"):
        request.session = {}
        options = passkeys.begin(request, purpose, alice)
        session = dict(request.session)
        passkey.count = -1  # that of synchronised passkeys stays at 0
        response = json.dumps(passkey.used(options))
        passkeys.finish(request, purpose, alice, response, at=now)
        request.session = session
        with pytest.raises(passkeys.PasskeyRefused, match="no ceremony"):
            passkeys.finish(request, purpose, alice, response, at=now)

    options, begun = passkeys.begin_sign_in(request)
    passkey.count = -1
    response = json.dumps(passkey.used(options))
    assert passkeys.finish_sign_in(request, response, begun, at=now) == alice
    with pytest.raises(passkeys.PasskeyRefused, match="no ceremony"):
        passkeys.finish_sign_in(request, response, begun, at=now)
