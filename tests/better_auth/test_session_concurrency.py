"""Invented session tokens, which only the server can tell from real ones."""

import secrets
import string
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.better_auth import sessions
from accounts.better_auth.exceptions import KeysUnavailable
from accounts.models import EndedSession, User
from tests.patience import PATIENCE
from tests.threads import in_a_thread

pytestmark = pytest.mark.django_db

COOKIE = "better-auth.session_token"
LETTERS = string.ascii_letters + string.digits


@pytest.fixture
def server(better_auth, trust):
    trust(better_auth, sessions=True)
    return better_auth


@pytest.fixture
def external_user(server):
    return server.sign_up()


def invented():
    token = "".join(secrets.choice(LETTERS) for _ in range(32))
    return f"{token}.{'A' * 43}="


def browser_with(token, address="192.0.2.1"):
    client = Client(REMOTE_ADDR=address)
    client.cookies[COOKIE] = token
    return client


def signed_in(external_user, address="198.51.100.1"):
    client = Client(REMOTE_ADDR=address)
    for name, value in external_user.cookies.items():
        client.cookies[name] = value
    return client


# --- When the server is not asked ---------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/.well-known/security.txt",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/api/docs",
        "/api/schema",
        "/static/css/base.css",
        "/no/such/page/",
    ],
)
def test_the_server_is_not_asked_on_public_pages(server, path):
    answer = browser_with(invented()).get(path)
    answer.close()

    assert answer.status_code in {200, 404}
    assert server.calls("/get-session") == 0


def test_the_server_is_not_asked_if_the_request_has_a_token(server, alice, api_as):
    client = api_as(alice)
    client.cookies[COOKIE] = invented()

    assert client.get("/api/v1/tasks").status_code == 200
    assert server.calls("/get-session") == 0


def test_the_server_is_not_asked_at_endpoints_without_sessions(server):
    client = browser_with(invented())

    client.post("/api/v1/auth/token", {}, content_type="application/json")
    client.post("/api/v1/auth/token/exchange")

    assert server.calls("/get-session") == 0


def test_it_is_asked_about_at_pages_and_at_the_api_under_a_session(
    server, external_user
):
    client = signed_in(external_user)

    assert client.get("/").status_code == 200
    assert client.get("/api/v1/tasks").status_code == 200
    assert server.calls("/get-session") == 2


# --- Concurrent requests to the server ----------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_invented_cookies_lock_no_user_out(server, external_user, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"session-failed": (10_000, 60)}
    user = signed_in(external_user)
    assert user.get("/").status_code == 200
    server.mode("slow", path="/get-session", milliseconds=50)
    done = threading.Event()

    def flood():
        statuses = []
        while not done.is_set():
            statuses.append(browser_with(invented()).get("/").status_code)
        return statuses

    with ThreadPoolExecutor(4) as pool:
        floods = [in_a_thread(pool, flood) for _ in range(4)]
        try:
            statuses = [user.get("/").status_code for _ in range(20)]
        finally:
            done.set()
        refused = [status for one in floods for status in one.result()]

    assert statuses == [200] * 20
    assert refused
    assert set(refused) <= {302, 503}


@pytest.mark.django_db(transaction=True)
def test_a_hanging_server_does_not_block_other_users(
    server, external_user, alice, page_as
):
    server.mode("slow", path="/get-session", milliseconds=400)

    with ThreadPoolExecutor(4) as pool:
        asking = [
            in_a_thread(pool, browser_with(invented()).get, "/") for _ in range(4)
        ]
        assert page_as(alice).get("/").status_code == 200
        statuses = {one.result().status_code for one in asking}

    assert statuses <= {302, 503}


def hold(known, entered, leave):
    with sessions._slot(known=known):
        entered.set()
        leave.wait(PATIENCE)


@pytest.fixture
def holding():
    """Hold slots until the end of the test, or until they are released."""
    pool, leave = ThreadPoolExecutor(4), threading.Event()

    def start(*, known):
        entered = threading.Event()
        pool.submit(hold, known, entered, leave)
        assert entered.wait(PATIENCE)

    start.leave = leave
    yield start
    leave.set()
    pool.shutdown()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(sessions, "MAX_WAIT", 0.01)


def test_unknown_tokens_have_one_slot(holding, impatient):
    holding(known=False)

    with pytest.raises(KeysUnavailable), sessions._slot(known=False):
        pass
    with sessions._slot(known=True):
        pass


def test_known_tokens_have_two_slots(holding, impatient):
    holding(known=True)
    holding(known=True)

    with pytest.raises(KeysUnavailable), sessions._slot(known=True):
        pass


def test_a_request_waits_briefly_for_a_slot(holding, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_WAIT", 30)
    holding(known=True)
    holding(known=True)
    threading.Timer(0.05, holding.leave.set).start()

    with sessions._slot(known=True):
        pass


def test_a_refused_request_releases_its_slot(holding, impatient):
    holding(known=True)
    holding(known=True)
    for _ in range(5):
        with pytest.raises(KeysUnavailable), sessions._slot(known=False):
            pass

    holding.leave.set()

    for known in (False, True, False):
        with sessions._slot(known=known):
            pass


def test_a_valid_token_is_known_to_all_processes(
    server, external_user, holding, impatient
):
    signed_in(external_user).get("/")
    sessions.forget_sessions()  # as a new process starts
    holding(known=False)

    assert signed_in(external_user).get("/").status_code == 200


def test_an_ended_token_is_known_to_no_process(
    server, external_user, holding, impatient
):
    client = signed_in(external_user)
    client.get("/")
    server.sign_out(external_user)
    client.get("/")
    sessions.forget_sessions()  # as a new process starts
    holding(known=False)

    assert client.get("/").status_code == 503


# --- Senders ------------------------------------------------------------------------


def limit(settings, number):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"session-failed": (number, 10**10)}


def test_too_many_invalid_tokens_are_refused_without_a_request(server, settings):
    limit(settings, 3)

    answers = [browser_with(invented()).get("/") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 3 + [429] * 3
    assert int(answers[-1]["Retry-After"]) > 0
    assert server.calls("/get-session") == 3


def test_the_api_counts_them_as_well(server, settings, api_with):
    limit(settings, 3)

    statuses = [api_with(invented()).get("/api/v1/tasks").status_code for _ in range(5)]

    assert statuses == [401, 401, 401, 429, 429]
    assert server.calls("/get-session") == 3


def test_one_ipv6_network_is_one_sender(server, settings):
    limit(settings, 2)

    for number in range(4):
        answer = browser_with(invented(), f"2001:db8::{number}").get("/")

    assert answer.status_code == 429
    assert server.calls("/get-session") == 2


def test_a_known_session_continues_from_a_refused_address(
    server, external_user, settings
):
    limit(settings, 1)
    user = signed_in(external_user, "192.0.2.1")
    user.get("/")

    browser_with(invented()).get("/")

    assert browser_with(invented()).get("/").status_code == 429
    assert user.get("/").status_code == 200


def test_another_address_is_not_limited(server, external_user, settings):
    limit(settings, 1)

    browser_with(invented()).get("/")

    assert signed_in(external_user, "198.51.100.9").get("/").status_code == 200


def test_public_pages_stay_open_to_a_limited_sender(server, settings):
    limit(settings, 1)
    client = browser_with(invented())
    client.get("/")

    assert client.get("/accounts/login/").status_code == 200


def test_a_valid_session_is_not_counted(server, settings):
    limit(settings, 1)

    for _ in range(3):
        assert signed_in(server.sign_up()).get("/").status_code == 200


def test_an_ended_session_is_asked_about_and_counted_once(
    server, external_user, settings
):
    limit(settings, 2)
    server.sign_out(external_user)
    client = signed_in(external_user)

    statuses = {client.get("/").status_code for _ in range(5)}

    assert statuses == {302}
    assert server.calls("/get-session") == 1


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(sessions, "MAX_REMEMBERED", 3)
    memory = sessions._Memory(60)

    for name in "abcd":
        memory.add(name, until=100)

    assert [memory.holds(name, 50) for name in "abcd"] == [False, True, True, True]
    assert memory.holds("d", 100) is False


# --- Signing out here ---------------------------------------------------------------


def sign_out(client):
    return client.post("/accounts/logout/", follow=True)


def test_signing_out_here_ends_the_session_there(server, external_user):
    client = signed_in(external_user)
    assert client.get("/").status_code == 200

    page = sign_out(client)

    assert "You have also signed out of 127.0.0.1" in page.text
    assert client.get("/").status_code == 302
    assert server.get_session(external_user) is None
    assert not EndedSession.objects.exists()


def test_signing_out_here_leaves_the_sessions_of_other_devices(server, external_user):
    other = server.sign_in(external_user.email)

    sign_out(signed_in(external_user))

    assert signed_in(other).get("/").status_code == 200


@pytest.mark.parametrize("mode", ["unavailable", "drop", "redirect", "html"])
def test_signing_out_is_effective_while_the_server_is_unreachable(
    server, external_user, mode
):
    client = signed_in(external_user)
    client.get("/")
    server.mode(mode, path="/sign-out")
    server.mode(mode, path="/get-session")

    page = sign_out(client)
    server.mode("normal", path="/get-session")
    sessions.forget_sessions()  # as a new process starts

    assert "can&#x27;t be reached" in page.text
    assert client.get("/").status_code == 302
    assert (
        APIClient().get("/api/v1/tasks", headers=bearer(external_user)).status_code
        == 401
    )


def bearer(external_user):
    return {"Authorization": f"Bearer {external_user.token}"}


def test_the_token_is_not_stored(server, external_user):
    server.mode("unavailable", path="/sign-out")

    sign_out(signed_in(external_user))

    (ended,) = EndedSession.objects.all()
    assert external_user.token not in f"{ended.digest} {ended}"


def test_signing_in_there_again_opens_the_pages_again(server, external_user):
    server.mode("unavailable", path="/sign-out")
    sign_out(signed_in(external_user))

    assert signed_in(server.sign_in(external_user.email)).get("/").status_code == 200


def test_invented_tokens_fill_no_table(server, settings):
    server.mode("unavailable", path="/sign-out")
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"session-ended-here": (2, 10**10)}

    statuses = [sign_out(browser_with(invented())).status_code for _ in range(4)]

    assert statuses == [200, 200, 429, 429]
    assert EndedSession.objects.count() == 2


def test_the_page_asks_first_and_says_what_it_ends(server, external_user):
    page = signed_in(external_user).get("/accounts/logout/")

    assert "You will also be signed out there" in page.text
    assert server.get_session(external_user) is not None


def test_our_own_session_ends_without_a_request_to_the_server(server, alice, page_as):
    page = sign_out(page_as(alice))

    assert "also signed out" not in page.text
    assert server.calls("/sign-out") == 0
    assert User.objects.count() == 1
