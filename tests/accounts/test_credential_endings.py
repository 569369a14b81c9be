"""Every kind of credential and every event that ends credentials: each cell is tested.

Of each kind there are two: one does what happens, if it can, and the other looks on.
The Better Auth server is the real one. Everything of ours is undone after each event.
"""

import copy
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import credentials, support, trusted_browsers
from accounts.better_auth.identities import find_or_provision
from accounts.better_auth.verifier import verify
from accounts.emails import Confirmation
from accounts.models import LinkedIdentity, PersonalAccessToken, TrustedBrowser, User
from config.openid_connect import provider_settings
from tests.accounts import credential_endings as endings
from tests.factories import PASSWORD
from tests.personal_tokens import text_of
from tests.signing_in import browser_of, password_at, trusting

NEW_PASSWORD = "a brand new staple battery"
DOCUMENT = Path(django_settings.BASE_DIR, "docs/security.md")
START = "/accounts/oidc/better-auth/login/"
ME = "/api/v1/users/me"
CREDENTIALS = "/api/v1/credentials"


class World:
    """Alice, with a password and a linked identity, and her ways to sign in."""

    def __init__(self, alice, sam, server, mails):
        self.alice, self.sam, self.server, self.mails = alice, sam, server, mails
        alice.emailaddress_set.update(verified=False)
        self.there = server.sign_up()
        now = timezone.now()
        token = verify(server.token(self.there), now=now.timestamp())
        self.identity = find_or_provision(token, at=now)
        LinkedIdentity.objects.update(user=alice)
        self.cookies = self.browser().cookies

    def browser(self):
        """Return one of Alice's browsers, in which she has just given her password."""
        return browser_of(self.alice, proof=password_at(timezone.now()))

    def elsewhere(self):
        """Return a browser that was signed in before anything else here was."""
        client = Client()
        client.cookies = copy.copy(self.cookies)
        return client

    def link(self, kind):
        """Return the newest link of a kind in the mails, without our address."""
        [url] = re.findall(rf"http\S+/(?:{kind})/\S+", self.mails[-1].body)
        return url.removeprefix(django_settings.BASE_URL)


def api(token=None):
    client = APIClient()
    if token:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def is_alice(client, world):
    """Tell whether a client of the API or a browser is signed in as Alice."""
    answer = client.get(ME)
    return answer.status_code == 200 and answer.json()["id"] == str(world.alice.pk)


# --- The kinds ----------------------------------------------------------------------


class Kind:
    """One credential, with a `browser` or a `pair` if it can act."""

    browser: Client | None = None
    pair: dict[str, str] | None = None

    def __init__(self, world):
        self.world = world
        self.make()

    def make(self):
        raise NotImplementedError

    def holds(self):
        raise NotImplementedError

    def outcome(self, is_own_done, other):
        """Return the cell of the table for this one and another of its kind."""
        if not is_own_done:
            return endings.STAYS if other.holds() else endings.ENDS
        return {
            (True, True): endings.STAYS,
            (True, False): endings.OTHERS,
            (False, True): endings.THIS,
            (False, False): endings.ENDS,
        }[self.holds(), other.holds()]


class Session(Kind):
    def make(self):
        self.browser = self.world.browser()

    def holds(self):
        return is_alice(self.browser, self.world)


class OutsideSession(Session):
    def make(self):
        self.browser = Client(
            headers={"host": urlsplit(django_settings.BASE_URL).netloc}
        )
        self.location = self.browser.post(START)["Location"]
        self.come_back()

    def come_back(self):
        back = urlsplit(self.world.server.follow(self.location, self.world.there))
        self.browser.get(f"{back.path}?{back.query}")


class Cookie(Session):
    def make(self):
        self.browser = Client()
        there = self.world.server.sign_in(self.world.there.email)
        for name, value in there.cookies.items():
            self.browser.cookies[name] = value


class SessionToken(Kind):
    def make(self):
        self.client = api(self.world.there.token)

    def holds(self):
        return is_alice(self.client, self.world)


class Token(SessionToken):
    def make(self):
        self.client = api(self.world.server.token(self.world.there))


class Refresh(Kind):
    def make(self):
        sign_in = {"email": self.world.alice.email, "password": PASSWORD}
        self.pair = api().post("/api/v1/auth/token", sign_in).json()

    def holds(self):
        body = {"refresh": self.pair["refresh"]}
        return api().post("/api/v1/auth/token/refresh", body).status_code == 200


class Access(Refresh):
    def outcome(self, is_own_done, other):
        witness = self if is_own_done else other
        if not is_alice(api(witness.pair["access"]), self.world):
            return endings.ENDS
        return endings.STAYS if witness.holds() else endings.EXPIRES


class Exchanged(Refresh):
    def make(self):
        token = self.world.server.token(self.world.there)
        self.pair = api(token).post("/api/v1/auth/token/exchange").json()


class ExchangedAccess(Access, Exchanged):
    pass


class PersonalToken(SessionToken):
    def make(self):
        self.client = api(text_of(self.world.alice))
        self.pk = PersonalAccessToken.objects.order_by("-pk").first().pk


class Trusted(Kind):
    def make(self):
        self.cookies = trusting(self.world.alice, at=timezone.now()).cookies
        self.pk = TrustedBrowser.objects.latest("created_at").pk

    def holds(self):
        request = RequestFactory().get("/")
        request.COOKIES = {name: one.value for name, one in self.cookies.items()}
        alice = User.objects.get(pk=self.world.alice.pk)
        return trusted_browsers.is_trusted(request, alice, at=timezone.now())


class UnderWay(OutsideSession):
    def make(self):
        self.mine = Client(headers={"host": urlsplit(django_settings.BASE_URL).netloc})
        self.location = self.mine.post(START)["Location"]

    def holds(self):
        self.browser = self.mine
        self.come_back()
        try:
            return is_alice(self.mine, self.world)
        finally:
            self.browser = None


class ChangeLink(Kind):
    def make(self):
        form = {"email": "alice@new.example", "action_add": ""}
        self.world.elsewhere().post(reverse("account_email"), form)
        self.link = self.world.link("confirm-email")

    def holds(self):
        return 'method="post"' in Client().get(self.link).text


class ConfirmLink(ChangeLink):
    def make(self):
        [address] = self.world.alice.emailaddress_set.filter(
            email=self.world.alice.email
        )
        self.link = reverse("account_confirm_email", args=[Confirmation(address).key])


class ResetLink(Kind):
    def make(self):
        form = {"email": self.world.alice.email}
        Client().post(reverse("account_reset_password"), form)
        self.link = self.world.link("key")

    def holds(self):
        return 'name="password1"' in Client().get(self.link, follow=True).text


class SupportView(Kind):
    def make(self):
        now, alice = timezone.now(), self.world.alice
        grant = support.live_grant(alice, at=now)  # there is one at a time
        grant = grant or support.grant(user=alice, minutes=15, reason="Help", at=now)
        code = {"user_id": alice.pk, "code": support.code_of(grant)}
        assert support.enter_code(staff=self.world.sam, at=now, **code)

    def holds(self):
        return support.may_look(
            staff=self.world.sam, user_id=self.world.alice.pk, at=timezone.now()
        )


KINDS = dict(
    zip(
        endings.ENDINGS,
        (
            *(Session, OutsideSession, Cookie, SessionToken, Token),
            *(Access, Refresh, ExchangedAccess, Exchanged),
            PersonalToken,
            Trusted,
            *(UnderWay, ChangeLink, ConfirmLink, ResetLink),
            SupportView,
        ),
        strict=True,
    )
)


# --- The events ---------------------------------------------------------------------


def in_browser(do):
    """Use the credential's own browser, or another one of Alice."""

    def event(world, own):
        do(world, own.browser or world.elsewhere())
        return own.browser is not None

    return event


@in_browser
def change_on_the_page(world, browser):
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD}
    browser.post(reverse("account_change_password"), form)


def change_the_password(world, own):
    if own.pair is None:
        return change_on_the_page(world, own)
    form = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (
        api(own.pair["access"]).post("/api/v1/auth/password", form).status_code == 204
    )
    return True


def reset_the_password(world, own):
    Client().post(reverse("account_reset_password"), {"email": world.alice.email})
    client = Client()
    form = client.get(world.link("key"), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD})
    return False


@in_browser
def change_the_address(world, browser):
    form = {"email": "alice@newer.example", "action_add": ""}
    browser.post(reverse("account_email"), form)
    browser.post(world.link("confirm-email"))
    world.alice.refresh_from_db()
    assert world.alice.email == "alice@newer.example"


@in_browser
def sign_out_everywhere(world, browser):
    browser.post(reverse("accounts:sign-out-everywhere"))


def deactivate(world, own):
    credentials.deactivate(user=world.alice, at=timezone.now(), by=world.sam)
    return False


def reactivate(world, own):
    deactivate(world, own)
    credentials.reactivate(user=world.alice, at=timezone.now(), by=world.sam)
    return False


@in_browser
def ask_for_deletion(world, browser):
    browser.post(reverse("accounts:delete"))


@in_browser
def disconnect(world, browser):
    browser.post(reverse("accounts:disconnect", args=[world.identity.pk]))
    assert not world.alice.identities.exists()


@in_browser
def sign_out(world, browser):
    browser.post(reverse("account_logout"))


def sign_out_by_api(world, own):
    pair = own.pair or Refresh(world).pair
    body = {"refresh": pair["refresh"]}
    assert api().post("/api/v1/auth/logout", body).status_code == 204
    return own.pair is not None


def end_in_the_centre(world, own):
    """End what the credential centre shows as the credential of `own`."""
    client = own.browser or getattr(own, "client", None)
    if own.pair:
        client = api(own.pair["access"])
    listed = world.elsewhere().get(CREDENTIALS).json()["results"]
    if isinstance(own, PersonalToken):
        ids = [f"personal-token-{own.pk}"]
    elif isinstance(own, (ConfirmLink, ResetLink, SupportView)):
        return False
    elif isinstance(own, Trusted):
        ids = [f"trusted-browser-{own.pk}"]
    elif type(own) is ChangeLink:
        ids = [entry["id"] for entry in listed if entry["kind"] == "address-link"]
    elif client is not None:
        listed = client.get(CREDENTIALS).json()["results"]
        ids = [entry["id"] for entry in listed if entry["is_current"]]
    else:
        ids = [f"identity-{world.identity.pk}"]
    [one] = ids
    assert world.elsewhere().delete(f"{CREDENTIALS}/{one}").status_code == 204
    return not one.startswith(("identity", "address"))


def end_everything_else(world, own):
    client = own.browser or (api(own.pair["access"]) if own.pair else None)
    client = client or world.elsewhere()
    assert client.delete(CREDENTIALS).status_code == 204
    return bool(own.browser or own.pair)


EVENTS = dict(
    zip(
        endings.EVENTS,
        (
            *(change_the_password, reset_the_password, change_the_address),
            *(sign_out_everywhere, deactivate, reactivate, ask_for_deletion),
            *(disconnect, sign_out, sign_out_by_api),
            *(end_in_the_centre, end_everything_else),
        ),
        strict=True,
    )
)


# --- The table, tested --------------------------------------------------------------


@pytest.fixture
def world(alice, sam, start_better_auth, settings, mailoutbox):
    server = start_better_auth(oauth={}, payload="auth-time")
    ours = server.register_client(f"{settings.BASE_URL}{START}callback/")
    settings.BETTER_AUTH = {"url": server.url, "sessions": True}
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        server.url, client_id=ours["client_id"], secret=ours["client_secret"]
    )
    return World(alice, sam, server, mailoutbox)


def after(event, world, kind):
    """Return what happens to a kind of credential, and roll the event back."""
    cache.clear()  # of the rate limits
    with transaction.atomic():
        own, other = kind(world), kind(world)
        outcome = own.outcome(event(world, own), other)
        transaction.set_rollback(True)
    world.alice.refresh_from_db()
    return outcome


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_ends_what_the_table_says(world, kind):
    with transaction.atomic():
        assert KINDS[kind](world).holds()
        transaction.set_rollback(True)

    found = {name: after(event, world, KINDS[kind]) for name, event in EVENTS.items()}

    assert found == dict(zip(endings.EVENTS, endings.ENDINGS[kind], strict=True))


def test_the_document_shows_this_table():
    assert endings.as_markdown() in DOCUMENT.read_text()
