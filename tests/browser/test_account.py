"""The account pages in a real browser, with and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User

EMAIL = "carol@example.com"
PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "a brand new staple battery"


@pytest.fixture
def site(live_server, settings):
    """Run a live server whose mails link to it."""
    settings.BASE_URL = live_server.url
    settings.STORAGES = settings.STORAGES | {
        # The live server finds static files only by their plain names.
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }
    return live_server.url


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def has_script(request):
    return request.param


@pytest.fixture
def page(new_context, has_script, site):
    """A browser page that fails the test on console errors."""
    tab = new_context(java_script_enabled=has_script, base_url=site).new_page()
    complaints = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "console",
        lambda message: (
            message.type in {"error", "warning"} and complaints.append(message.text)
        ),
    )

    yield tab

    assert complaints == []


@pytest.mark.parametrize("width", [320, 1280])
def test_a_message_covers_nothing_of_a_page_to_sign_in(page, width):
    page.set_viewport_size({"width": width, "height": 400})

    page.goto("/accounts/2fa/step/")  # no sign-in has begun

    message = page.get_by_text("Your sign-in has expired").bounding_box()
    card = page.locator(".card").bounding_box()
    assert message["y"] + message["height"] <= card["y"]


def link_in(mail):
    (url,) = re.findall(r"http\S+/(?:key|confirm-email)/\S+", mail.body)
    return url


def expect_today(page):
    # A message may come before it.
    expect(page).to_have_title(re.compile("Today · Ownlist$"))


def sign_up(page):
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))


def sign_in(page, email=EMAIL, password=PASSWORD):
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page):
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You have signed out.")).to_be_visible()


def test_signs_up_and_out_and_in_again(page):
    sign_up(page)
    expect_today(page)

    sign_out(page)
    sign_in(page)

    expect_today(page)


def test_resets_a_password_with_the_link_in_the_mail(page, mailoutbox):
    sign_up(page)
    sign_out(page)
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("Check your e-mail")).to_be_visible()

    page.goto(link_in(mailoutbox[-1]))
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password has been changed").first).to_be_visible()
    sign_in(page, password=NEW_PASSWORD)

    expect_today(page)


def test_changes_the_address(page, mailoutbox):
    sign_up(page)
    page.goto("/accounts/security/")
    page.locator("main").get_by_role("link", name="E-mail").click()
    page.get_by_label("New e-mail address").fill("carol.new@example.com")
    page.get_by_role("button", name="Change e-mail").click()
    expect(page.get_by_text("Confirm carol.new@example.com")).to_be_visible()

    page.goto(link_in(mailoutbox[-1]))
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_text("is confirmed.")).to_be_visible()
    assert User.objects.get().email == "carol.new@example.com"


def test_changes_the_password_and_the_settings(page):
    sign_up(page)
    page.goto("/accounts/password/change/")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password has been changed.")).to_be_visible()

    page.goto("/accounts/settings/")
    page.get_by_label("Your name").fill("Carol")
    page.get_by_label("Time zone").fill("Lisbon")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Your settings have been saved.")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert User.objects.get().timezone == "Europe/Lisbon"


def test_signs_out_everywhere(page):
    sign_up(page)
    page.goto("/accounts/security/")
    page.get_by_role("link", name="Devices and access").click()
    page.get_by_role("link", name="Sign out everywhere").click()

    page.get_by_role("button", name="Sign out everywhere").click()

    expect(page.get_by_text("You have signed out everywhere.")).to_be_visible()


def test_deletes_the_account(page):
    sign_up(page)
    page.goto("/accounts/security/")
    page.get_by_role("link", name="Delete my account").click()

    page.get_by_role("button", name="Delete my account").click()

    expect(page.get_by_text("Your account is locked.")).to_be_visible()
    assert not User.objects.get().is_active


def test_shows_errors_at_their_fields(page):
    page.goto("/accounts/signup/")
    page.get_by_label("E-mail").fill("nobody")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_role("button", name="Create account").click()

    field = page.get_by_label("E-mail")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("valid e-mail address"))


@pytest.mark.parametrize("has_script", [True], indirect=False, ids=["script"])
def test_a_script_that_loads_late_leaves_the_password_that_is_typed(
    new_context, site, has_script
):
    held = []
    page = new_context(base_url=site).new_page()
    page.route("**/js/account.*js", lambda route: held.append(route))
    with page.expect_event("request", lambda request: "/js/account." in request.url):
        page.goto("/accounts/login/", wait_until="commit")
    field = page.get_by_label("Password", exact=True)
    field.press_sequentially("half of ")
    held[0].continue_()
    page.get_by_role("button", name="Show the password").wait_for()
    page.keyboard.type("a password")

    expect(field).to_have_value("half of a password")


@pytest.mark.parametrize("has_script", [True], indirect=False, ids=["script"])
def test_shows_the_password_on_request_and_sends_the_devices_time_zone(
    new_context, site, has_script
):
    context = new_context(base_url=site, timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto("/accounts/signup/")
    field = page.get_by_label("Password", exact=True)
    field.fill(PASSWORD)

    page.get_by_role("button", name="Show the password").click()

    expect(field).to_have_attribute("type", "text")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_url(re.compile(r"//[^/]+/$"))
    assert User.objects.get().timezone in {"Asia/Kolkata", "Asia/Calcutta"}


PAGES = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/abc/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/abc-def/",
    "/accounts/password/reset/key/done/",
]
PAGES_OF_A_USER = [
    "/accounts/settings/",
    "/accounts/security/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/sign-out-everywhere/",
    "/accounts/delete/",
    "/accounts/logout/",
]


def test_pages_give_no_console_errors_and_fit_a_narrow_screen(page):
    page.set_viewport_size({"width": 320, "height": 640})

    for path in PAGES:
        page.goto(path)
        assert _overflow(page) <= 0, path
    sign_up(page)
    for path in PAGES_OF_A_USER:
        page.goto(path)
        assert _overflow(page) <= 0, path


def _overflow(page):
    """Return by how many pixels the page is wider than the window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_a_new_token_asks_only_for_what_the_choice_above_needs(signed_in):
    page = signed_in()
    page.goto("/accounts/tokens/new/")
    lists = page.get_by_role("group", name="Lists", exact=True)
    day = page.get_by_label("Last day")
    expect(lists).to_be_hidden()
    expect(day).to_be_hidden()

    page.get_by_label("Only the lists that I choose").check()
    page.get_by_label("Inbox").check()
    page.get_by_label("It ends after").select_option("Until a date")
    expect(day).to_be_visible()

    # The checked list contradicts this choice, so it stays until it is unchecked.
    page.get_by_label("All lists").check()
    expect(lists).to_be_visible()
    page.get_by_label("Inbox").uncheck()
    expect(lists).to_be_hidden()
