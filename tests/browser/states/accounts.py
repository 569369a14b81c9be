"""Signing up and in, settings, security, and leaving."""

from datetime import timedelta
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts import (
    events,
    factors,
    leaving,
    personal_tokens,
    tokens,
)
from accounts import support as views
from accounts.credentials import request_deletion
from accounts.models import LinkedIdentity, SecurityEvent
from config.api.scopes import APPEND
from tests.browser.registry import state, state_with
from tests.factories import PASSWORD, TaskFactory, TaskListFactory, UserFactory
from tests.personal_tokens import token_of
from tests.signing_in import trusting, with_app
from tests.support import granted, look_at

LONG = "Backup script of the old laptop in the hall, every night"


@state
def sign_in(visit):
    visit.go("/accounts/login/")


@state
def sign_in_refused(visit):
    visit.go("/accounts/login/")
    visit.page.get_by_label("E-mail").fill("nobody@example.com")
    visit.page.get_by_label("Password", exact=True).fill("wrong horse battery")
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def sign_in_expired(visit):
    visit.go(reverse("mfa_authenticate"))


@state
def sign_up(visit):
    visit.go("/accounts/signup/")


@state
def sign_up_refused(visit):
    visit.go("/accounts/signup/")
    visit.page.get_by_label("E-mail").fill("carol@example.com")
    visit.page.get_by_label("Password", exact=True).fill("short")
    visit.page.get_by_role("button", name="Create account").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def password_reset(visit):
    visit.go("/accounts/password/reset/")


@state
def password_reset_sent(visit):
    user = UserFactory()
    visit.go("/accounts/password/reset/")
    visit.page.get_by_label("E-mail").fill(user.email)
    visit.page.get_by_role("button", name="Send link").click()
    expect(visit.page.get_by_text("Check your e-mail")).to_be_visible()


@state
def password_reset_link_used_up(visit):
    visit.go("/accounts/password/reset/key/1-abc/")


@state
def email_link_used_up(visit):
    visit.go("/accounts/confirm-email/MQ:1abc:def/")


@state
def settings(visit):
    visit.sign_in()
    visit.go("/accounts/settings/")


@state
def settings_dark(visit):
    visit.sign_in(theme="dark")
    visit.go("/accounts/settings/")


@state
def credentials(visit):
    visit.sign_in()
    visit.go("/accounts/credentials/")


@state
def credentials_end_others(visit):
    visit.sign_in()
    visit.go("/accounts/credentials/end-others/")


@state
def security(visit):
    visit.sign_in()
    visit.go("/accounts/security/")


def protect(user):
    """Give the user all that the security page and the credential centre can show."""
    now = timezone.now()
    with_app(user, at=now - timedelta(hours=1))
    factors.add_passkey(
        user=user,
        passkey=factors.NewPasskey("AAAA", "AAAA", 0, True),
        name=LONG[:50],
        at=now,
    )
    LinkedIdentity.objects.create(
        user=user,
        issuer="https://front.example.com",
        subject=str(user.pk),
        known_as="alice@example.com",
        created_at=now,
        last_used_at=now,
        suspended_at=now,
    )
    EmailAddress.objects.create(user=user, email="alice.new@example.com")
    tokens.start_family(user=user, at=now)
    token_of(user, name=LONG)
    device = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    request = RequestFactory().get("/", headers={"user-agent": device})
    trusting(user, at=now, request=request)
    granted(user)


@state
def security_protected(visit):
    user = UserFactory(display_name="Alice")
    protect(user)
    visit.sign_in(user)
    visit.go("/accounts/security/")


@state
def credentials_of_every_kind(visit):
    user = UserFactory(display_name="Alice")
    protect(user)
    visit.sign_in(user)
    visit.go("/accounts/credentials/")


@state
def credential_end(visit):
    user = visit.sign_in()
    token, _ = token_of(user, name=LONG)
    visit.go(f"/accounts/credentials/personal-token-{token.pk}/end/")


@state
def security_events_of_every_kind(visit):
    user = visit.sign_in()
    for kind in SecurityEvent.Kind:
        events.record(user, kind, at=timezone.now(), about="session")
    visit.go("/accounts/security/events/")


@state
def security_events_none(visit):
    visit.sign_in()
    visit.go("/accounts/security/events/?show=support")


@state
def security_events(visit):
    visit.sign_in()
    visit.go("/accounts/security/events/")


@state
def email_change(visit):
    visit.sign_in()
    visit.go("/accounts/email/")


@state
def password_change(visit):
    visit.sign_in()
    visit.go("/accounts/password/change/")


@state
def sign_out(visit):
    visit.sign_in()
    visit.go("/accounts/logout/")


@state
def sign_out_everywhere(visit):
    visit.sign_in()
    visit.go("/accounts/sign-out-everywhere/")


@state
def account_delete(visit):
    visit.sign_in()
    visit.go("/accounts/delete/")


@state
def account_everything(visit):
    visit.sign_in()
    visit.go("/accounts/export-everything/")


@state
def account_locked(visit):
    visit.sign_in()
    visit.go("/accounts/delete/")
    visit.page.get_by_role("button", name="Delete my account").click()
    expect(visit.page.get_by_text("Your account is locked.")).to_be_visible()


@state
def account_leaving(visit):
    user = UserFactory()
    request_deletion(user=user, at=timezone.now())
    visit.go("/accounts/login/")
    visit.page.get_by_label("E-mail").fill(user.email)
    visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("button", name="Keep my account")).to_be_visible()


@state
def account_keep(visit):
    user = UserFactory()
    request_deletion(user=user, at=timezone.now())
    visit.go(urlsplit(leaving.url_to_keep(user)).path)


@state_with(404)
def account_keep_link_used_up(visit):
    visit.go("/accounts/keep/nothing/")


@state
def support(visit):
    visit.sign_in()
    visit.go("/accounts/support/")


@state
def support_allow(visit):
    visit.sign_in()
    visit.go("/accounts/support/allow/")


@state
def support_allow_refused(visit):
    visit.sign_in()
    visit.go("/accounts/support/allow/")
    visit.page.get_by_role("button", name="Let support look").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def support_end(visit):
    granted(visit.sign_in())
    visit.go("/accounts/support/end/")


@state
def support_open(visit):
    grant = granted(visit.sign_in())
    visit.go("/accounts/support/")
    assert grant.reason in visit.page.content()


@state
def support_seen(visit):
    alice = visit.sign_in()
    look_at(granted(alice), TaskFactory(owner=alice))
    visit.go("/accounts/support/")


@state
def support_earlier(visit):
    alice = visit.sign_in()
    grant = granted(alice)
    look_at(grant, TaskFactory(owner=alice))
    views.end(user=alice, at=timezone.now())
    visit.go(f"/accounts/support/{grant.pk}/")


@state
def sign_in_again(visit):
    visit.sign_in()
    visit.go("/accounts/reauthenticate/")


@state_with(404)
def reminders_link_invalid(visit):
    visit.go(reverse("todos:reminders", args=["nothing"]))


@state_with(403)
def form_expired(visit):
    visit.go("/accounts/login/")
    visit.page.context.clear_cookies()
    visit.page.get_by_label("E-mail").fill("alice@example.com")
    visit.page.get_by_label("Password", exact=True).fill("wrong horse battery")
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("heading", level=1)).not_to_have_text("Sign in")


@state
def access_tokens(visit):
    user = visit.sign_in()
    token_of(user, name="Backup script")
    token_of(user, APPEND, name="Night job", days=7)
    visit.go("/accounts/tokens/")


@state
def access_tokens_none(visit):
    visit.sign_in()
    visit.go("/accounts/tokens/")


@state
def access_tokens_ended(visit):
    user = visit.sign_in()
    token, _ = token_of(user, name=LONG)
    personal_tokens.revoke(user=user, token_id=token.pk, at=timezone.now())
    visit.go("/accounts/tokens/")


@state
def access_token_revoked(visit):
    user = visit.sign_in()
    token, _ = token_of(user, name=LONG)
    personal_tokens.revoke(user=user, token_id=token.pk, at=timezone.now())
    visit.go(reverse("todos:token", args=[token.pk]))


@state
def access_token_one_too_many(visit):
    user = visit.sign_in()
    for number in range(personal_tokens.MOST):
        token_of(user, name=f"Script {number}")
    visit.go("/accounts/tokens/new/")
    visit.page.get_by_label("Name", exact=True).fill("Backup script")
    visit.page.get_by_label("Read tasks, lists and labels", exact=True).check()
    visit.page.get_by_role("button", name="Create token").click()
    expect(visit.page.get_by_role("alert")).to_be_visible()


@state
def access_token_new(visit):
    user = visit.sign_in()
    TaskListFactory(owner=user, name="Home")
    visit.go("/accounts/tokens/new/")


@state
def access_token_created(visit):
    visit.sign_in()
    visit.go("/accounts/tokens/new/")
    visit.page.get_by_label("Name", exact=True).fill("Backup script")
    visit.page.get_by_label("Add tasks, without reading anything").check()
    visit.page.get_by_role("button", name="Create token").click()
    expect(visit.page.get_by_label("Token for Backup script")).to_be_visible()


@state
def access_token_with_activity(visit):
    user = visit.sign_in()
    token, _ = token_of(user, APPEND, name="Night job")
    task = TaskFactory(owner=user, title="Check the backup")
    user.changes.filter(entity_id=task.pk).update(
        credential=f"personal-token:{token.pk}"
    )
    visit.go(reverse("todos:token", args=[token.pk]))


@state
def access_token_rights(visit):
    user = visit.sign_in()
    token, _ = token_of(user, name="Night job")
    visit.go(reverse("todos:token-rights", args=[token.pk]))


@state
def access_token_undo(visit):
    user = visit.sign_in()
    token, _ = token_of(user, APPEND, name="Night job")
    visit.go(reverse("todos:token-undo", args=[token.pk]))
