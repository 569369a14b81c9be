"""A request has no effect if every credential ends while it runs.

Each test lets the event happen between the check of a request and what it would store.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as current
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import linked_sessions, password_attempts, tokens
from accounts.adapter import AccountAdapter
from accounts.api import views as api_views
from accounts.better_auth.identities import link, suspend_all, unlink
from accounts.better_auth.verifier import verify
from accounts.credentials import change_password, sign_out_everywhere
from accounts.models import LinkedIdentity, RefreshFamily, SecurityEvent, User
from accounts.models import user as user_module
from accounts.pages import forms, identities, views
from tests.factories import PASSWORD, UserFactory
from tests.openid import be_client_of, browser, come_back, is_signed_in
from tests.patience import PATIENCE
from tests.threads import in_a_thread, wait_for_a_blocked_statement

pytestmark = pytest.mark.django_db

THIEFS = "the phrase of a thief"
OWNERS = "a brand new staple battery"
ME = reverse("api:me")
LOGIN = reverse("account_login")


@pytest.fixture
def meanwhile(monkeypatch):
    """Run an event once, right before or after a step of a request."""

    def arrange(owner, name, event, *, after=False):
        step, waiting = getattr(owner, name), [event]

        def happen():
            if waiting:
                waiting.pop()()

        def with_event(*args, **kwargs):
            if not after:
                happen()
            result = step(*args, **kwargs)
            happen()
            return result

        monkeypatch.setattr(owner, name, with_event)

    return arrange


@pytest.fixture
def reset(alice):
    """Let Alice reset her password, as by a link in a mail."""

    def event():
        owner, now = User.objects.get(pk=alice.pk), timezone.now()
        change_password(user=owner, password=OWNERS, at=now)
        suspend_all(user=owner, at=now)

    return event


@pytest.fixture
def external_user(better_auth, settings):
    settings.BETTER_AUTH = {"url": better_auth.url}
    return better_auth.sign_up()


@pytest.fixture
def token(better_auth, external_user):
    return better_auth.token(external_user)


@pytest.fixture
def identity(alice, token):
    proof = verify(token, now=timezone.now().timestamp())
    return link(user=alice, token=proof, at=timezone.now())


def asks_to_sign_in_again(response):
    return response.status_code == 303 and response.url == LOGIN


def kinds_of(user):
    return set(user.security_events.values_list("kind", flat=True))


def is_of_the_owner(alice):
    alice.refresh_from_db()
    assert alice.is_active
    return alice.credential_epoch == 1 and alice.check_password(OWNERS)


# --- Connected sign-ins -------------------------------------------------------------


def test_connecting_binds_nothing(page_as, alice, token, meanwhile, reset):
    thief = page_as(alice)
    thief.post(reverse("accounts:connect"), {"token": token})
    meanwhile(identities, "link", reset)

    response = thief.post(reverse("accounts:connect-confirm"))

    assert asks_to_sign_in_again(response)
    assert "_auth_user_id" not in thief.session
    assert "signed out meanwhile" in thief.get(LOGIN).text
    assert not LinkedIdentity.objects.exists()


def test_linking_again_does_not_end_a_suspension(
    page_as, alice, token, identity, mailoutbox
):
    suspend_all(user=alice, at=timezone.now())
    page = page_as(alice)
    page.post(reverse("accounts:connect"), {"token": token})

    response = page.post(reverse("accounts:connect-confirm"), follow=True)

    assert "is connected but paused" in response.text
    assert response.redirect_chain[-1][0] == reverse("accounts:paused")
    identity.refresh_from_db()
    assert identity.suspended_at is not None
    assert mailoutbox == []


def test_keeping_has_no_effect_after_a_reset(
    page_as, alice, identity, meanwhile, reset
):
    suspend_all(user=alice, at=timezone.now())
    meanwhile(identities, "keep", reset)

    response = page_as(alice).post(reverse("accounts:keep", args=[identity.pk]))

    assert asks_to_sign_in_again(response)
    identity.refresh_from_db()
    assert identity.suspended_at is not None
    assert SecurityEvent.Kind.IDENTITY_KEPT not in kinds_of(alice)


def test_unlinking_has_no_effect_after_a_reset(
    page_as, alice, identity, meanwhile, reset
):
    meanwhile(identities, "unlink", reset)

    response = page_as(alice).post(reverse("accounts:disconnect", args=[identity.pk]))

    assert asks_to_sign_in_again(response)
    assert alice.identities.exists()


def test_disconnecting_twice_is_recorded_once(alice, identity):
    for _ in range(2):
        unlink(user=alice, identity=identity, at=timezone.now())

    kind = SecurityEvent.Kind.IDENTITY_UNLINKED
    assert alice.security_events.filter(kind=kind).count() == 1


# --- Passwords ----------------------------------------------------------------------


def test_a_change_by_api_leaves_the_password_of_the_reset(
    api_as, alice, meanwhile, reset
):
    thief = api_as(alice)
    meanwhile(password_attempts, "check_password", reset, after=True)

    response = thief.post(
        reverse("api:password"), {"old_password": PASSWORD, "new_password": THIEFS}
    )

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"
    assert "Bearer" in response["WWW-Authenticate"]
    assert is_of_the_owner(alice)


def test_a_change_by_api_is_refused_in_a_later_epoch(api_as, alice, monkeypatch):
    """The token is authenticated, then all columns of the user are read."""
    thief, permitted = api_as(alice), api_views.PasswordView.check_permissions

    def end_after_authentication(view, request):
        permitted(view, request)
        sign_out_everywhere(user=User.objects.get(), at=timezone.now())

    monkeypatch.setattr(
        api_views.PasswordView, "check_permissions", end_after_authentication
    )

    response = thief.post(
        reverse("api:password"), {"old_password": PASSWORD, "new_password": THIEFS}
    )

    assert response.status_code == 401
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_change_on_the_page_leaves_the_password_of_the_reset(
    page_as, alice, meanwhile, reset
):
    thief = page_as(alice)
    meanwhile(password_attempts, "check_password", reset, after=True)

    response = thief.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": THIEFS},
    )

    assert asks_to_sign_in_again(response)
    assert is_of_the_owner(alice)


def test_a_change_on_the_page_revives_no_session(page_as, alice, meanwhile):
    thief = page_as(alice)

    def event():
        sign_out_everywhere(user=User.objects.get(), at=timezone.now())

    meanwhile(password_attempts, "check_password", event, after=True)
    thief.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": THIEFS},
    )

    assert thief.get(ME).status_code == 401
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_change_on_the_page_revives_no_session_once_it_is_stored(
    page_as, alice, meanwhile
):
    thief = page_as(alice)

    def event():
        sign_out_everywhere(user=User.objects.get(), at=timezone.now())

    meanwhile(AccountAdapter, "set_password", event, after=True)
    thief.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": THIEFS},
    )

    assert thief.get(ME).status_code == 401


def test_a_first_password_is_not_set(page_as, alice, meanwhile, reset):
    alice.set_unusable_password()
    alice.save()
    thief = page_as(alice)
    meanwhile(forms.PasswordSetForm, "save", reset)

    response = thief.post(reverse("account_set_password"), {"password1": THIEFS})

    assert asks_to_sign_in_again(response)
    assert is_of_the_owner(alice)


def form_of_a_reset(client, mailoutbox):
    """Ask for a reset and follow the link; return the address of the form."""
    client.post(reverse("account_reset_password"), {"email": "alice@example.com"})
    (url,) = re.findall(r"http\S+/key/\S+", mailoutbox[-1].body)
    path = url.removeprefix(current.BASE_URL)
    return client.get(path, follow=True).redirect_chain[-1][0]


def test_a_second_reset_does_not_undo_the_first(
    client, alice, mailoutbox, meanwhile, reset
):
    form = form_of_a_reset(client, mailoutbox)
    meanwhile(forms.PasswordResetKeyForm, "save", reset)

    response = client.post(form, {"password1": THIEFS}, follow=True)

    assert 'name="password1"' not in response.text
    assert is_of_the_owner(alice)


def test_an_upgrade_of_a_hash_does_not_undo_a_reset(alice, meanwhile, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    newest = make_password(OWNERS)

    def event():
        User.objects.update(password=newest)

    meanwhile(user_module, "hashed", event)

    assert alice.check_password(PASSWORD)

    alice.refresh_from_db()
    assert alice.password == newest


def test_a_link_to_reset_survives_an_upgrade_and_a_sign_in(
    client, alice, mailoutbox, settings
):
    form = form_of_a_reset(client, mailoutbox)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    Client().post(LOGIN, {"login": alice.email, "password": PASSWORD})
    alice.refresh_from_db()
    assert alice.password.startswith("pbkdf2_sha256$")
    assert alice.last_login is not None

    client.post(form, {"password1": OWNERS})
    again = client.post(form, {"password1": THIEFS})

    assert again.status_code == 200
    assert is_of_the_owner(alice)


# --- Addresses ----------------------------------------------------------------------

NEW = "new@example.com"


def test_confirming_does_not_store_a_deleted_address_again(
    page_as, client, alice, mailoutbox, meanwhile, reset
):
    page_as(alice).post(reverse("account_email"), {"email": NEW, "action_add": "1"})
    (url,) = re.findall(r"http\S+/confirm-email/\S+", mailoutbox[-1].body)
    meanwhile(AccountAdapter, "confirm_email", reset)

    client.post(url.removeprefix(current.BASE_URL))

    assert is_of_the_owner(alice)
    assert alice.email == "alice@example.com"
    assert not EmailAddress.objects.filter(email=NEW).exists()


def test_confirming_refuses_an_address_that_its_user_deleted(
    page_as, client, alice, mailoutbox, meanwhile
):
    page_as(alice).post(reverse("account_email"), {"email": NEW, "action_add": "1"})
    (url,) = re.findall(r"http\S+/confirm-email/\S+", mailoutbox[-1].body)
    dropped = EmailAddress.objects.filter(email=NEW)
    meanwhile(AccountAdapter, "confirm_email", dropped.delete)

    client.post(url.removeprefix(current.BASE_URL))

    alice.refresh_from_db()
    assert alice.email == "alice@example.com"
    assert not dropped.exists()


def test_requesting_another_address_stores_nothing(
    page_as, alice, mailoutbox, meanwhile, reset
):
    meanwhile(forms.EmailChangeForm, "save", reset)

    response = page_as(alice).post(
        reverse("account_email"), {"email": NEW, "action_add": "1"}
    )

    assert asks_to_sign_in_again(response)
    assert not EmailAddress.objects.filter(email=NEW).exists()
    assert mailoutbox == []


# --- Deletion, signing out ----------------------------------------------------------


def test_a_deletion_by_api_does_not_lock_the_owner_out(api_as, alice, meanwhile, reset):
    thief = api_as(alice)
    meanwhile(api_views, "request_deletion", reset)

    assert thief.delete(ME).status_code == 401

    assert is_of_the_owner(alice)
    assert alice.delete_after is None


def test_a_deletion_on_the_page_does_not_lock_the_owner_out(
    page_as, alice, meanwhile, reset
):
    thief = page_as(alice)
    meanwhile(views, "request_deletion", reset)

    assert asks_to_sign_in_again(thief.post(reverse("accounts:delete")))

    assert is_of_the_owner(alice)
    assert alice.delete_after is None


def test_signing_out_everywhere_does_not_sign_the_owner_out(
    page_as, alice, meanwhile, reset
):
    thief = page_as(alice)
    meanwhile(views, "sign_out_everywhere", reset)

    assert asks_to_sign_in_again(thief.post(reverse("accounts:sign-out-everywhere")))

    assert is_of_the_owner(alice)


# --- Signing in ---------------------------------------------------------------------


def test_a_sign_in_by_token_begins_nothing(api, alice, meanwhile, reset):
    meanwhile(api_views, "may_sign_in", reset)

    response = api.post(
        reverse("api:token"), {"email": alice.email, "password": PASSWORD}
    )

    assert response.status_code == 401
    assert response.json()["detail"] == "The e-mail address or password is incorrect."
    assert not RefreshFamily.objects.exists()
    assert SecurityEvent.Kind.SIGNED_IN not in kinds_of(alice)


def test_an_exchange_begins_nothing(api_with, alice, token, identity, meanwhile, reset):
    meanwhile(tokens, "start_family", reset)

    response = api_with(token).post(reverse("api:token-exchange"))

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"
    assert not RefreshFamily.objects.exists()


@pytest.mark.parametrize(
    ("module", "step"), [(api_views, "user_of"), (tokens, "start_family")]
)
def test_an_exchange_of_an_identity_that_is_disconnected_is_refused(
    api_with, token, identity, meanwhile, module, step
):
    meanwhile(module, step, LinkedIdentity.objects.all().delete)

    response = api_with(token).post(reverse("api:token-exchange"))

    assert response.status_code == 401
    assert response.json()["code"] == "token_not_valid"
    assert not RefreshFamily.objects.exists()


def test_a_sign_in_on_the_page_begins_nothing(client, alice, meanwhile, reset):
    meanwhile(AccountAdapter, "pre_login", reset)

    response = client.post(LOGIN, {"login": alice.email, "password": PASSWORD})

    assert asks_to_sign_in_again(response)
    assert client.get(ME).status_code == 401
    assert SecurityEvent.Kind.SIGNED_IN not in kinds_of(alice)


def test_a_sign_in_by_openid_connect_begins_nothing(
    start_better_auth, settings, meanwhile
):
    server = start_better_auth(oauth={})
    be_client_of(server, settings)
    external_user, page = server.sign_up(), browser(settings)

    def event():
        sign_out_everywhere(user=User.objects.get(), at=timezone.now())

    meanwhile(linked_sessions, "refusal", event, after=True)

    come_back(server, page, external_user)

    assert not is_signed_in(page)


# --- Concurrent requests ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["password", "deletion", "connect"])
def test_a_request_that_waited_for_a_reset_is_refused(
    way, api_as, page_as, alice, token, reset
):
    program, page = api_as(alice), page_as(alice)
    page.post(reverse("accounts:connect"), {"token": token})
    call = {
        "password": lambda: program.post(
            reverse("api:password"),
            {"old_password": PASSWORD, "new_password": THIEFS},
        ),
        "deletion": lambda: program.delete(ME),
        "connect": lambda: page.post(reverse("accounts:connect-confirm")),
    }[way]

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            reset()
            waiting = in_a_thread(pool, call)
            wait_for_a_blocked_statement()
        response = waiting.result(PATIENCE)

    assert response.status_code in {303, 401}
    assert is_of_the_owner(alice)
    assert alice.delete_after is None
    assert not LinkedIdentity.objects.exists()


# --- How long a request waits -------------------------------------------------------


class Watched(MD5PasswordHasher):
    """A hasher that records whether a transaction was open while it hashed."""

    algorithm = "watched"
    seen: list[bool] = []  # noqa: RUF012 - emptied by each test

    def encode(self, password, salt):
        self.seen.append(connection.in_atomic_block)
        return super().encode(password, salt)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["reset", "change", "set", "api", "register"])
def test_no_password_is_hashed_within_a_transaction(
    way, page_as, api_as, client, mailoutbox, settings
):
    alice = UserFactory(email="alice@example.com")
    settings.PASSWORD_HASHERS = [
        f"{__name__}.Watched",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    if way == "set":
        alice.set_unusable_password()
        alice.save()
    page, program = page_as(alice), api_as(alice)
    form = form_of_a_reset(client, mailoutbox) if way == "reset" else ""
    Watched.seen.clear()

    response = {
        "reset": lambda: client.post(form, {"password1": OWNERS}),
        "change": lambda: page.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": OWNERS},
        ),
        "set": lambda: page.post(
            reverse("account_set_password"), {"password1": OWNERS}
        ),
        "api": lambda: program.post(
            reverse("api:password"),
            {"old_password": PASSWORD, "new_password": OWNERS},
        ),
        "register": lambda: APIClient().post(
            reverse("api:register"), {"email": "dan@example.com", "password": OWNERS}
        ),
    }[way]()

    assert response.status_code in {201, 202, 204, 303}
    assert Watched.seen
    assert not any(Watched.seen)
