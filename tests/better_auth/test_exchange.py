"""The exchange of a Better Auth token for our own pair."""

import pytest
from django.urls import reverse

from accounts.better_auth.identities import unlink
from accounts.models import LinkedIdentity, User
from tests.factories import NOON, PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange(better_auth, trust, api_with):
    """Sign up at the issuer and exchange the token; returns the answer."""
    trust(better_auth)
    external_user = better_auth.sign_up()

    def exchanged(token=None):
        client = api_with(token or better_auth.token(external_user))
        return client.post(reverse("api:token-exchange"))

    return exchanged


def refresh(api, pair):
    return api.post(reverse("api:token-refresh"), {"refresh": pair["refresh"]})


def test_gives_a_pair_that_opens_the_api(exchange, api_with):
    pair = exchange().json()

    me = api_with(pair["access"]).get(reverse("api:me"))

    assert set(pair) == {"access", "refresh"}
    assert me.json()["id"] == str(LinkedIdentity.objects.get().user_id)


def test_accepts_only_a_token_of_better_auth(exchange, api, api_with, page_as):
    pair = exchange().json()
    external_user = UserFactory()

    with_own = api_with(pair["access"]).post(reverse("api:token-exchange"))
    with_session = page_as(external_user).post(reverse("api:token-exchange"))
    with_nothing = api.post(reverse("api:token-exchange"))

    assert [with_own.status_code, with_session.status_code] == [401, 401]
    assert with_nothing.status_code == 401


def test_the_refresh_token_ends_with_the_identity(exchange, api):
    pair = exchange().json()
    identity = LinkedIdentity.objects.get()
    identity.user.email = "alice@example.com"
    identity.user.set_password(PASSWORD)
    identity.user.save()
    pair = exchange_again(exchange, pair)

    unlink(user=identity.user, identity=identity, at=NOON)

    assert refresh(api, pair).status_code == 401


def exchange_again(exchange, pair):
    """Return a pair of the current epoch, if the token is newer than its end."""
    User.objects.update(credentials_ended_at=None)
    return exchange().json()


def test_the_refresh_token_ends_with_the_user(exchange, api):
    pair = exchange().json()
    User.objects.update(is_active=False)

    assert refresh(api, pair).status_code == 401


def test_the_refresh_token_works_without_the_issuer(exchange, api, better_auth):
    pair = exchange().json()
    better_auth.stop()

    assert refresh(api, pair).status_code == 200


def test_a_refused_token_gets_no_pair(exchange, better_auth):
    answer = exchange(better_auth.sign({"sub": "x" * 300}))

    assert answer.status_code == 401
    assert not User.objects.exists()
