"""Every page of allauth uses a template of ours."""

from pathlib import Path

import pytest
from allauth.account import app_settings
from allauth.account import urls as allauth
from django.conf import settings
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.any_database

OURS = settings.BASE_DIR / "templates"
ARGUMENTS = {
    "account_confirm_email": ["abc"],
    "account_reset_password_from_key": ["abc", "def"],
}
# Rendered only with a setting that is off here.
UNREACHABLE = {
    "account/confirm_login_code.html": "LOGIN_BY_CODE_ENABLED",
    "account/confirm_email_verification_code.html": (
        "EMAIL_VERIFICATION_BY_CODE_ENABLED"
    ),
    "account/confirm_password_reset_code.html": "PASSWORD_RESET_BY_CODE_ENABLED",
}
ROUTES = [pattern.name for pattern in allauth.urlpatterns]


def url_of(route):
    return reverse(route, args=ARGUMENTS.get(route, []))


def foreign_templates(response):
    """Return the templates of a response that are not in our directory."""
    return {
        template.origin.name
        for template in response.templates
        # The widgets of forms are Django's, and not pages.
        if not Path(template.origin.name).is_relative_to(OURS)
        and "/django/forms/" not in template.origin.name
    }


@pytest.mark.parametrize("route", ROUTES)
def test_shows_our_page_to_an_anonymous_visitor(client, db, route):
    response = client.get(url_of(route), follow=True)

    assert response.status_code == 200
    assert response.templates
    assert foreign_templates(response) == set()


@pytest.mark.parametrize("route", ROUTES)
def test_shows_our_page_to_a_signed_in_user(page_as, alice, route):
    response = page_as(alice).get(url_of(route), follow=True)

    assert response.status_code == 200
    assert response.templates
    assert foreign_templates(response) == set()


@pytest.mark.parametrize("route", ROUTES)
def test_shows_our_page_after_an_empty_form(page_as, alice, route):
    for client in (Client(), page_as(alice)):
        response = client.post(url_of(route), follow=True)

        assert response.status_code in {200, 404, 405}
        assert foreign_templates(response) == set()


def test_has_a_template_of_ours_for_every_view_of_allauth():
    named = set()
    for pattern in allauth.urlpatterns:
        view = getattr(pattern.callback, "view_class", None)
        named.add(getattr(view, "template_name", None))
        named.add(getattr(view, "template_name_signup_closed", None))
    named |= {"account/verification_sent.html", "account/verified_email_required.html"}

    for name in named - {None} - set(UNREACHABLE):
        assert Path(get_template(name).origin.name).is_relative_to(OURS), name
    for name, setting in UNREACHABLE.items():
        assert not getattr(app_settings, setting), name


def test_has_texts_of_ours_for_every_mail_and_message_of_allauth():
    theirs = Path(allauth.__file__).parents[1] / "templates" / "account"
    disabled = (
        *("login_code", "password_reset_code", "phone_"),
        # The mails about security events replace these.
        *("password_changed_", "password_set_", "password_reset_subject"),
        "password_reset_message",
    )

    for path in [*theirs.glob("email/*.txt"), *theirs.glob("messages/*.txt")]:
        if not path.name.startswith(disabled):
            name = f"account/{path.parent.name}/{path.name}"
            assert Path(get_template(name).origin.name).is_relative_to(OURS), name


def test_says_that_sign_up_is_closed(client, db, monkeypatch):
    monkeypatch.setattr(
        "accounts.adapter.AccountAdapter.is_open_for_signup", lambda *args: False
    )

    response = client.get(reverse("account_signup"))

    assert "Sign-up is closed" in response.text
    assert foreign_templates(response) == set()
