"""The admin in a real browser, under the policy that the whole site is served with."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts import events, tokens
from accounts.models import SecurityEvent
from tests import support
from tests.browser.test_states import AXE
from tests.factories import UserFactory

FAULTS_OF = """
    (part) => axe.run(part).then(({ violations }) => violations.flatMap(
        ({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`),
    ))
"""
LIST = reverse("admin:accounts_user_changelist")
REPORT = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) => {
        violations.push(event.violatedDirective + " " + event.blockedURI);
    });
"""


@pytest.fixture
def screen(page, live_server, page_as):
    """Return a function that opens addresses in the browser as a user."""
    page.trouble = []
    page.add_init_script(REPORT)
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    page.on(
        "console",
        lambda line: line.type == "error" and page.trouble.append(line.text),
    )
    page.on(
        "response",
        lambda answer: answer.status >= 400 and page.trouble.append(answer.url),
    )

    def open_as(user, path):
        cookie = page_as(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]
        )
        page.goto(live_server.url + path)
        return page

    return open_as


def assert_quiet(page):
    """Nothing was refused by the policy, nothing failed, nothing was missing."""
    page.wait_for_load_state("networkidle")
    assert page.evaluate("violations") == []
    assert page.trouble == []


@pytest.fixture
def account(transactional_db):
    user = UserFactory(email="alice@example.com")
    tokens.start_family(user=user, at=timezone.now())
    events.record(user, SecurityEvent.Kind.SIGNED_IN, at=timezone.now())
    return user


@pytest.fixture
def sam(transactional_db):
    return support.join(UserFactory(email="sam@example.com", is_staff=True))


@pytest.fixture
def root(transactional_db):
    return UserFactory(email="root@example.com", is_staff=True, is_superuser=True)


@pytest.mark.parametrize("staff", ["sam", "root"])
def test_no_page_breaks_the_content_security_policy(screen, account, staff, request):
    staff_user = request.getfixturevalue(staff)
    group = support.join(account).groups.get()
    account.groups.clear()
    paths = [
        reverse("admin:index"),
        LIST,
        LIST + "?is_active__exact=1",
        LIST + "?q=nobody",
        reverse("admin:accounts_user_change", args=[account.pk]),
        reverse("admin:accounts_user_change", args=[staff_user.pk]),
        reverse("admin:accounts_user_history", args=[account.pk]),
        reverse("admin:accounts_user_deactivate", args=[account.pk]),
    ]
    if staff_user.is_superuser:
        paths += [
            reverse("admin:auth_group_changelist"),
            reverse("admin:auth_group_change", args=[group.pk]),
            reverse("admin:auth_group_delete", args=[group.pk]),
        ]

    for path in paths:
        page = screen(staff_user, path)
        assert page.locator("#site-name").inner_text() == "Ownlist support"
        assert_quiet(page)


def test_a_superuser_chooses_the_groups_of_an_account_by_checkboxes(
    screen, account, root
):
    group = support.join(account).groups.get()
    page = screen(root, reverse("admin:accounts_user_change", args=[account.pk]))

    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(FAULTS_OF, ".field-groups") == []
    page.get_by_role("checkbox", name=group.name).uncheck()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert not account.groups.exists()


def test_support_finds_an_account_and_deactivates_it(screen, account, sam):
    page = screen(sam, LIST)

    page.get_by_role("textbox").fill("alice@")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=account.email).click()
    page.get_by_role("link", name="Deactivate", exact=True).click()
    page.get_by_role("button", name="Deactivate").click()

    expect(page.get_by_text("Deactivated.")).to_be_visible()
    expect(page.get_by_role("link", name="Reactivate")).to_be_visible()
    assert_quiet(page)
    account.refresh_from_db()
    assert not account.is_active


def test_support_signs_two_accounts_out_from_the_list(screen, account, sam):
    other = UserFactory()
    page = screen(sam, LIST)

    for user in (account, other):
        page.get_by_role("row", name=user.email).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("Sign out everywhere")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Sign out everywhere").click()

    expect(page.get_by_text("Signed out everywhere.")).to_be_visible()
    assert_quiet(page)
    for user in (account, other):
        before = user.credential_epoch
        user.refresh_from_db()
        assert user.credential_epoch == before + 1


def test_signing_out_leads_back_to_our_own_page(screen, sam):
    page = screen(sam, LIST)

    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url(re.compile(reverse("account_login")))
