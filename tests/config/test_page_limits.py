"""Rate limits of pages: by user, shared with the API, or by address."""

import pytest
from allauth.account import urls as account_urls
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.pages.urls import urlpatterns as account_pages
from config import counters
from config.error_pages import wait_in_words
from config.models import RateCount
from tests.factories import PASSWORD

pytestmark = pytest.mark.usefixtures("one_rate_window")

SIGN_IN = reverse("account_login")
TODAY = reverse("todos:task-today")
FOREVER = 10**10  # seconds, so that no window ends during a test


@pytest.fixture
def limit(settings):
    def set_limit(**limits):
        settings.RATE_LIMITS = settings.RATE_LIMITS | {
            scope.replace("_", "-"): (number, FOREVER)
            for scope, number in limits.items()
        }

    return set_limit


def statuses(client, path, times, **more):
    return [client.get(path, **more).status_code for _ in range(times)]


# --- Signed-in users ----------------------------------------------------------------


def test_the_pages_of_a_user_are_limited(page_as, alice, limit):
    limit(user=3)

    assert statuses(page_as(alice), TODAY, 4) == [200, 200, 200, 429]


def test_pages_and_api_share_the_limit_of_a_user(page_as, api_as, alice, limit):
    limit(user=4)
    page, api = page_as(alice), api_as(alice)

    mixed = [client.get(path).status_code for client, path in 2 * [
        (page, TODAY), (api, reverse("api:task-list"))
    ]]  # fmt: skip

    assert mixed == [200] * 4
    assert page.get(TODAY).status_code == 429
    assert api.get(reverse("api:task-list")).status_code == 429


def test_the_admin_is_limited_with_the_pages(page_as, sam, limit):
    limit(user=2)
    client = page_as(sam)

    assert statuses(client, reverse("admin:index"), 3) == [200, 200, 429]


def test_another_user_at_the_same_address_is_not_limited(page_as, alice, bob, limit):
    limit(user=2)
    statuses(page_as(alice), TODAY, 5)

    assert page_as(bob).get(TODAY).status_code == 200


def test_a_refused_request_changes_nothing(page_as, alice, limit):
    limit(user=1)
    client = page_as(alice)
    client.get(TODAY)

    response = client.post(reverse("accounts:sign-out-everywhere"))

    alice.refresh_from_db()
    assert response.status_code == 429
    assert alice.credential_epoch == 0


# --- Visitors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        SIGN_IN,
        TODAY,
        "/no/such/page",
        "/api/docs",
        "/api/schema",
        "/.well-known/jwks.json",
    ],
)
def test_requests_of_an_address_are_limited(client, db, limit, path):
    limit(visitor=2)

    assert statuses(client, path, 3)[2] == 429
    assert client.get(path, REMOTE_ADDR="203.0.113.9").status_code != 429


def test_all_requests_of_an_address_share_one_limit(client, db, limit):
    limit(visitor=3)
    for path in (SIGN_IN, "/no/such/page", TODAY):
        client.get(path)

    assert client.get(SIGN_IN).status_code == 429


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_are_never_limited(client, db, limit, path):
    limit(visitor=1)
    client.get(SIGN_IN)

    assert statuses(client, path, 5) == [200] * 5


def test_static_files_are_never_limited(client, db, limit):
    limit(visitor=1)
    client.get(SIGN_IN)

    for _ in range(3):
        response = client.get("/static/css/variables.css")
        assert response.status_code == 200
        assert response.getvalue()


def test_visitors_do_not_use_up_the_limit_of_signed_in_users(
    client, page_as, alice, limit
):
    limit(visitor=1)
    statuses(client, SIGN_IN, 3)

    assert page_as(alice).get(TODAY).status_code == 200


def test_an_api_call_with_a_token_does_not_count_by_address(
    client, api_as, alice, limit
):
    limit(visitor=1)
    statuses(client, SIGN_IN, 3)

    assert api_as(alice).get(reverse("api:task-list")).status_code == 200


# --- Pages with limits of their own -------------------------------------------------


@pytest.mark.parametrize(
    ("page", "scope"), configured.PAGE_LIMITS.items(), ids=configured.PAGE_LIMITS
)
def test_posts_to_some_pages_have_a_limit_by_address(client, db, limit, page, scope):
    limit(**{scope: 2})
    arguments = {"uidb36": "x", "key": "y"} if page.endswith("from_key") else {}
    url = reverse(page, kwargs=arguments)

    posts = [client.post(url, {}).status_code for _ in range(3)]

    assert 429 not in posts[:2]
    assert posts[2] == 429
    # 404: no other server is configured here. 302: no sign-in has begun.
    expected = 404 if "openid" in page else 302 if page.startswith("mfa_") else 200
    assert client.get(url).status_code == expected


def test_views_of_the_sign_in_page_use_up_no_sign_in(client, alice, limit):
    """Its script fetches options for a passkey, and many may share an address."""
    limit(sign_in_address=1)
    options = reverse("mfa_passkey_options", args=["sign-in"])

    assert {client.post(options).status_code for _ in range(3)} == {200}
    form = {"login": alice.email, "password": PASSWORD}
    assert client.post(SIGN_IN, form).status_code == 303


def test_the_page_and_the_api_share_the_limit_of_registrations(client, api, db, limit):
    limit(register=2)
    client.post(reverse("account_signup"), {})
    api.post(reverse("api:register"), {})

    assert client.post(reverse("account_signup"), {}).status_code == 429
    assert api.post(reverse("api:register"), {}).status_code == 429


# Public pages whose POST costs and reveals no more than a GET.
CHEAP = {
    "account_confirm_email",  # needs a signed link
    "account_confirm_login_code",  # redirects, because codes are disabled
    "account_email_verification_sent",
    "account_inactive",
    "account_logout",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "keep-account",  # needs a signed link
    "leaving",  # needs a session that a sign-in began
    "leaving-download",  # the same, and has a limit of its user
    "mfa_passkey_options",  # random; the sign-in page fetches them at each view
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
}


def test_every_public_account_form_has_a_limit():
    """A new page needs a limit, or an entry above with a reason."""
    routes = _named([*account_pages, *account_urls.urlpatterns])
    public = {
        name
        for name, view in routes.items()
        if not getattr(view, "login_required", True) and _takes_posts(view)
    }

    assert public - CHEAP - OUTSIDE == set(configured.PAGE_LIMITS)


# It calls the external server only once for each sign-in that was started.
OUTSIDE = {"openid_connect_callback"}


def _named(patterns):
    found = {}
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            found = _named(pattern.url_patterns) | found
        elif pattern.name:
            found.setdefault(pattern.name, pattern.callback)
    return found


def _takes_posts(view):
    view_class = getattr(view, "view_class", None)
    return view_class is None or hasattr(view_class, "post")


# --- The refusal, and the cost ------------------------------------------------------


def test_the_refusal_page_says_how_long_to_wait(client, db, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"visitor": (1, 3600)}
    client.get(SIGN_IN)

    response = client.get(SIGN_IN)

    wait = int(response["Retry-After"])
    assert response.status_code == 429
    assert 0 < wait <= 3600
    assert "Too many attempts" in response.text
    assert f"Try again in {wait_in_words(wait)}." in response.text
    assert "app-footer" in response.text


def test_the_refusal_on_an_api_path_is_a_problem_document(client, db, limit):
    limit(visitor=1)
    client.get("/api/schema")

    response = client.get("/api/schema")

    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "throttled"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "a minute"),
        (60, "a minute"),
        (61, "2 minutes"),
        (3600, "60 minutes"),
    ],
)
def test_a_waiting_time_is_shown_in_words(seconds, words):
    assert wait_in_words(seconds) == words


@pytest.mark.parametrize("path", [SIGN_IN, TODAY, "/no/such/page"])
def test_counting_a_page_runs_no_query(client, page_as, alice, path):
    for visitor in (client, page_as(alice)):
        with CaptureQueriesContext(connection) as captured:
            visitor.get(path)

        assert not any("ratecount" in query["sql"] for query in captured)


@pytest.mark.parametrize("path", [SIGN_IN, TODAY, "/.well-known/security.txt"])
def test_public_pages_do_not_load_the_user_for_the_limit(
    page_as, alice, settings, path
):
    client = page_as(alice)
    with CaptureQueriesContext(connection) as limited:
        client.get(path)

    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "PageLimit" not in one]
    other = page_as(alice)
    with CaptureQueriesContext(connection) as unlimited:
        other.get(path)

    assert len(limited) == len(unlimited)


def test_pages_work_while_the_counters_are_unavailable(
    client, page_as, alice, limit, monkeypatch
):
    def refuse(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(counters, "add", refuse)
    limit(user=50, visitor=50)  # settled at each request

    assert page_as(alice).get(TODAY).status_code == 200
    assert client.get(SIGN_IN).status_code == 200


@pytest.mark.parametrize(("page", "scope"), configured.PAGE_LIMITS.items())
def test_limited_forms_are_refused_while_the_counters_are_unavailable(
    client, db, monkeypatch, page, scope
):
    def refuse(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(counters, "add", refuse)
    arguments = {"uidb36": "x", "key": "y"} if page.endswith("from_key") else {}

    response = client.post(reverse(page, kwargs=arguments), {})

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "Temporarily unavailable" in response.text


def test_many_visitors_cause_few_writes(db, limit):
    limit(visitor=600)
    client = Client()

    for number in range(60):
        client.get(SIGN_IN, REMOTE_ADDR=f"203.0.113.{number}")

    assert RateCount.objects.count() == 0


def test_the_limits_of_allauth_are_disabled():
    from allauth.account import app_settings

    assert app_settings.RATE_LIMITS == {}
