"""Passwords are hashed two at a time, and requests wait only briefly for a slot."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Lock

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher as DjangoArgon2PasswordHasher,
)
from django.contrib.auth.hashers import (
    MD5PasswordHasher,
    check_password,
    identify_hasher,
    make_password,
)
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts import hashing
from accounts.hashing import Limited, TooManyHashes
from accounts.models import User
from tests.factories import PASSWORD, UserFactory
from tests.patience import PATIENCE
from tests.threads import in_a_thread

NEW = "another long phrase"


class Gate:
    """Holds hashes that are being computed, and counts them."""

    def __init__(self):
        self.lock = Lock()
        self.reset()

    def reset(self):
        self.inside = self.most = self.computed = 0
        self.full = Event()
        self.opened = Event()

    def pass_through(self):
        with self.lock:
            self.inside += 1
            self.computed += 1
            self.most = max(self.most, self.inside)
            if self.inside == hashing.MAX_CONCURRENT:
                self.full.set()
        self.opened.wait(PATIENCE)
        with self.lock:
            self.inside -= 1


gate = Gate()


class Slow(MD5PasswordHasher):
    """A hasher that waits until the gate is open."""

    algorithm = "slow"

    def encode(self, password, salt):
        gate.pass_through()
        return super().encode(password, salt)

    def verify(self, password, encoded):
        return super().verify(password, encoded)  # hashes once more, as PBKDF2


class SlowInTurn(Limited, Slow):
    """The same, limited like the configured hashers."""


HASHERS = [f"{__name__}.SlowInTurn"]


@pytest.fixture
def closed(settings):
    """Hashes take as long as the test needs."""
    settings.PASSWORD_HASHERS = HASHERS
    gate.reset()
    gate.opened.set()
    return gate


@contextmanager
def two_under_way():
    """Occupy every slot until the end of the block."""
    gate.opened.clear()
    gate.full.clear()
    with ThreadPoolExecutor(hashing.MAX_CONCURRENT) as pool:
        busy = [
            pool.submit(make_password, PASSWORD) for _ in range(hashing.MAX_CONCURRENT)
        ]
        assert gate.full.wait(PATIENCE)
        try:
            yield
        finally:
            gate.opened.set()
        for one in busy:
            one.result(PATIENCE)


@pytest.fixture
def short_wait(monkeypatch):
    monkeypatch.setattr(hashing, "MAX_WAIT", 0.01)


# --- Two at a time ------------------------------------------------------------------


def test_only_two_are_computed_at_once(closed, monkeypatch):
    monkeypatch.setattr(hashing, "MAX_WAIT", PATIENCE)
    start = Barrier(8, timeout=PATIENCE)

    def hash_one(_):
        start.wait()
        return make_password(PASSWORD)

    with ThreadPoolExecutor(8) as pool:
        hashes = list(pool.map(hash_one, range(8), timeout=PATIENCE))

    assert len(set(hashes)) == 8
    assert closed.most <= hashing.MAX_CONCURRENT


def test_a_waiting_request_gets_a_slot(closed, monkeypatch):
    monkeypatch.setattr(hashing, "MAX_WAIT", PATIENCE)

    with ThreadPoolExecutor(1) as pool, two_under_way():
        third = pool.submit(make_password, PASSWORD)
        assert closed.computed == 2

    assert third.result(PATIENCE).startswith("slow$")


def test_waiting_too_long_for_a_slot_is_refused(closed, short_wait):
    with two_under_way(), pytest.raises(TooManyHashes):
        make_password(PASSWORD)

    assert make_password(PASSWORD)


def test_comparing_takes_a_slot_as_well(closed, short_wait):
    encoded = make_password(PASSWORD)

    with two_under_way(), pytest.raises(TooManyHashes):
        check_password(PASSWORD, encoded)

    assert check_password(PASSWORD, encoded)


def test_a_failing_hash_releases_its_slot(closed, short_wait, monkeypatch):
    def fail():
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(gate, "pass_through", fail)
        for _ in range(hashing.MAX_CONCURRENT + 1):
            with pytest.raises(MemoryError):
                make_password(PASSWORD)

    assert make_password(PASSWORD)


def test_comparing_by_hashing_again_needs_one_slot(closed, short_wait):
    encoded = make_password(PASSWORD)
    held = [
        hashing._slots.acquire(timeout=PATIENCE)
        for _ in range(hashing.MAX_CONCURRENT - 1)
    ]
    try:
        assert check_password(PASSWORD, encoded)
    finally:
        for _ in held:
            hashing._slots.release()


# --- Every operation ----------------------------------------------------------------


@pytest.fixture
def carol(db, closed):
    return UserFactory(email="carol@example.com")


def _sign_in_by_api(_):
    body = {"email": "carol@example.com", "password": PASSWORD}
    return APIClient().post(reverse("api:token"), body)


def _sign_in_unknown(_):
    body = {"email": "nobody@example.com", "password": PASSWORD}
    return APIClient().post(reverse("api:token"), body)


def _sign_in_on_page(_):
    body = {"login": "carol@example.com", "password": PASSWORD}
    return Client().post(reverse("account_login"), body)


def _register(_):
    body = {"email": "dan@example.com", "password": PASSWORD}
    return APIClient().post(reverse("api:register"), body)


def _sign_up(_):
    body = {"email": "dan@example.com", "password1": PASSWORD}
    return Client().post(reverse("account_signup"), body)


def _confirm(clients):
    return clients.page.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def _change_on_page(clients):
    body = {"oldpassword": PASSWORD, "password1": NEW}
    return clients.page.post(reverse("account_change_password"), body)


def _change_by_api(clients):
    body = {"old_password": PASSWORD, "new_password": NEW}
    return clients.api.post(reverse("api:password"), body)


class Clients:
    def __init__(self, page, api):
        self.page, self.api = page, api


@pytest.mark.parametrize(
    "ask",
    [
        _sign_in_by_api,
        _sign_in_unknown,
        _sign_in_on_page,
        _register,
        _sign_up,
        _confirm,
        _change_on_page,
        _change_by_api,
    ],
)
def test_every_way_to_a_password_answers_503_and_stores_nothing(
    carol, page_as, api_as, short_wait, ask
):
    clients = Clients(page_as(carol), api_as(carol))

    with two_under_way():
        response = ask(clients)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert User.objects.count() == 1
    carol.refresh_from_db()
    assert carol.check_password(PASSWORD)
    assert carol.credential_epoch == 0


def test_waiting_in_vain_is_not_a_failed_attempt(carol, settings, short_wait):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign-in": (1, 10**10)}
    with two_under_way():
        _sign_in_by_api(None)

    assert _sign_in_by_api(None).status_code == 200


def test_an_upgrade_without_a_slot_waits_for_the_next_sign_in(
    carol, settings, monkeypatch
):
    before = carol.password
    settings.PASSWORD_HASHERS = [f"{__name__}.NeverInTurn", *HASHERS]

    response = _sign_in_by_api(None)

    carol.refresh_from_db()
    assert response.status_code == 200
    assert carol.password == before


class NeverInTurn(MD5PasswordHasher):
    algorithm = "never"

    def encode(self, password, salt):
        raise TooManyHashes


@pytest.mark.django_db(transaction=True)
def test_concurrent_sign_ins_are_hashed_two_at_a_time(closed, monkeypatch):
    monkeypatch.setattr(hashing, "MAX_WAIT", PATIENCE)
    UserFactory(email="carol@example.com")
    closed.most = 0

    with ThreadPoolExecutor(6) as pool:
        asked = [in_a_thread(pool, _sign_in_by_api, None) for _ in range(6)]
        statuses = [one.result(PATIENCE * 3).status_code for one in asked]

    assert statuses == [200] * 6
    assert 0 < closed.most <= hashing.MAX_CONCURRENT


# --- What they cost -----------------------------------------------------------------


@pytest.fixture
def product(settings):
    """The configured hashers."""
    from config.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = PASSWORD_HASHERS


def test_every_configured_hasher_waits_for_a_slot(product):
    from django.contrib.auth.hashers import get_hashers

    assert all(isinstance(hasher, Limited) for hasher in get_hashers())


def test_argon2_has_the_documented_parameters(product):
    _, variety, _, numbers, *_ = make_password(PASSWORD).split("$")

    assert variety == "argon2id"
    assert numbers == f"m={12 * 1024},t=6,p=1"


def test_two_hashes_at_once_leave_a_process_below_its_bound():
    # A process may take 150 MB, and has some 115 of them in use without any hash.
    kibibytes = hashing.MAX_CONCURRENT * hashing.Argon2PasswordHasher.memory_cost

    assert kibibytes * 1024 <= 30_000_000


def test_a_hash_with_other_parameters_stays_valid_and_is_replaced(db, product):
    dan = UserFactory(email="dan@example.com")
    dan.password = Weak().encode(PASSWORD, Weak().salt())
    dan.save(update_fields=["password"])

    assert dan.check_password(PASSWORD)

    dan.refresh_from_db()
    assert "$m=12288,t=6,p=1$" in dan.password
    assert identify_hasher(dan.password).verify(PASSWORD, dan.password)
    assert dan.credential_epoch == 0


class Weak(DjangoArgon2PasswordHasher):
    """The earlier parameters."""

    memory_cost = 1024
