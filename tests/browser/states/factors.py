"""Second factors: adding, removing, and the second step of a sign-in."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts import factors
from accounts.models import LinkedIdentity
from tests.browser.registry import PHONE, state, state_with
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import with_app

LONG = "Fingerprint reader of the old laptop in the hall"


def user_with_factors(visit, *, sign_in=True):
    """Return a user with an app and a passkey, who has just used one."""
    user = UserFactory(display_name="Alice")
    with_app(user, at=timezone.now() - timedelta(hours=1))
    passkey = factors.NewPasskey("AAAA", "AAAA", 0, True)
    factors.add_passkey(user=user, passkey=passkey, name=LONG, at=timezone.now())
    if sign_in:
        visit.sign_in(user)
    return user


@state
def second_step_off(visit):
    visit.sign_in()
    visit.go("/accounts/2fa/")


@state
def second_step_on(visit):
    user = user_with_factors(visit)
    now = timezone.now()
    LinkedIdentity.objects.create(
        user=user,
        issuer="https://front.example.com",
        subject=str(user.pk),
        known_as="alice@example.com",
        created_at=now,
        last_used_at=now,
    )
    visit.go("/accounts/2fa/")


@state
def authenticator_app(visit):
    visit.sign_in()
    visit.go("/accounts/2fa/app/")


@state
def authenticator_app_refused(visit):
    visit.sign_in()
    visit.go("/accounts/2fa/app/")
    visit.page.get_by_label("Code from the app").fill("000000")
    visit.page.get_by_role("button", name="Add").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def passkey_add(visit):
    visit.sign_in()
    visit.go("/accounts/2fa/passkeys/add/")


@state
def passkey_rename(visit):
    user = user_with_factors(visit)
    [row] = factors.passkeys_of(user)
    visit.go(reverse("accounts:passkey-rename", args=[row.pk]))


@state
def factor_remove(visit):
    user = user_with_factors(visit)
    [row] = factors.passkeys_of(user)
    visit.go(reverse("accounts:factor-remove", args=[row.pk]))


@state
def recovery_codes(visit):
    user_with_factors(visit)
    visit.go("/accounts/2fa/codes/")


@state
def recovery_codes_seen(visit):
    user = user_with_factors(visit)
    factors.show_codes(user=user, at=timezone.now() - timedelta(hours=1))
    visit.go("/accounts/2fa/codes/")


@state
def confirm_with_factor(visit):
    user_with_factors(visit)
    visit.go("/accounts/2fa/confirm/?next=/accounts/delete/")


@state
def factor_remove_last(visit):
    user = UserFactory(display_name="Alice")
    with_app(user, at=timezone.now() - timedelta(hours=1))
    visit.sign_in(user)
    row = next(one for one in factors.factors_of(user) if one.type == factors.APP)
    visit.go(reverse("accounts:factor-remove", args=[row.pk]))


def reach_second_step(visit, user=None):
    user = user or user_with_factors(visit, sign_in=False)
    visit.go("/accounts/login/")
    visit.page.get_by_label("E-mail").fill(user.email)
    visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_label("Code")).to_be_visible()


@state
def second_step(visit):
    reach_second_step(visit)


@state
def second_step_with_app(visit):
    user = UserFactory()
    with_app(user, at=timezone.now() - timedelta(hours=1))
    reach_second_step(visit, user)


@state_with(viewport=PHONE)
def second_step_refused(visit):
    reach_second_step(visit)
    visit.page.get_by_label("Code").fill("000000")
    visit.page.get_by_role("button", name="Continue").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def identity_second_step(visit):
    user = user_with_factors(visit)
    now = timezone.now()
    identity = LinkedIdentity.objects.create(
        user=user,
        issuer="https://front.example.com",
        subject=str(user.pk),
        known_as="alice@example.com",
        created_at=now,
        last_used_at=now,
    )
    visit.go(reverse("accounts:identity-second-step", args=[identity.pk]))
