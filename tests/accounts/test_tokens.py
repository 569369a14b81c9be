"""Sign-ins by token: rotation, reuse, races, and the end of a family."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from rest_framework.test import APIClient
from rest_framework_simplejwt.exceptions import TokenError

from accounts import tokens
from accounts.models import RefreshFamily, SecurityEvent, User
from tests.factories import UserFactory
from tests.patience import PATIENCE
from tests.threads import in_a_thread

SECOND = timedelta(seconds=1)


def start(user, *, at=None):
    return tokens.start_family(user=user, at=at or timezone.now())


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


# --- The claims of a pair -----------------------------------------------------------


def test_a_pair_has_all_claims_that_verification_needs(alice):
    pair = start(alice)

    access, refresh = claims_of(pair.access), claims_of(pair.refresh)

    assert access.keys() == set(tokens.REQUIRED_CLAIMS)
    assert refresh.keys() == {*tokens.REQUIRED_CLAIMS, "generation"}
    assert access["pair"] == refresh["pair"]
    assert (access["typ"], refresh["typ"]) == ("access", "refresh")
    assert access["iss"] == settings.BASE_URL
    assert access["aud"] == f"{settings.BASE_URL}/api"
    assert access["jti"] != refresh["jti"]
    assert access["exp"] - access["iat"] == 5 * 60
    assert refresh["exp"] - refresh["iat"] == 14 * 24 * 60 * 60


def test_a_pair_keeps_the_time_of_the_sign_in_when_refreshed(alice):
    began = timezone.now() - timedelta(hours=3)
    pair = tokens.start_family(user=alice, at=timezone.now(), authenticated_at=began)

    for _ in range(3):
        pair = tokens.rotate(refresh=pair.refresh, at=timezone.now())

    claims = claims_of(pair.access)
    assert claims["auth_time"] == int(began.timestamp())
    access = tokens.AccessToken.read(pair.access)
    assert access.authenticated_at == began.replace(microsecond=0)


@pytest.mark.parametrize("auth_time", ["1", 1.5, True, None, -1, 10**12])
def test_an_invalid_time_of_sign_in_is_refused(alice, auth_time):
    family = RefreshFamily.objects.get(pk=claims_of(start(alice).access)["family"])
    token = tokens.AccessToken.of_family(family, pair=uuid4())
    token["auth_time"] = auth_time

    with pytest.raises(TokenError):
        tokens.AccessToken.read(str(token))


def test_a_token_holds_nothing_personal(alice):
    text = str(claims_of(start(alice).access))

    assert "alice" not in text.lower()


def test_a_token_shows_nothing_of_itself_in_a_traceback(alice):
    pair = start(alice)

    shown = repr(pair) + repr(tokens.AccessToken.read(pair.access))

    assert shown == "<TokenPair><AccessToken>"


# --- Rotation -----------------------------------------------------------------------


def test_a_refresh_token_leads_to_a_new_pair_of_the_same_family(alice):
    first = start(alice)

    second = tokens.rotate(refresh=first.refresh, at=timezone.now())

    assert second.refresh != first.refresh
    assert claims_of(second.access)["family"] == claims_of(first.access)["family"]
    assert RefreshFamily.objects.get().user == alice


def test_a_used_token_is_accepted_again_within_the_grace(alice):
    pair = start(alice)
    now = timezone.now()

    tokens.rotate(refresh=pair.refresh, at=now)
    tokens.rotate(refresh=pair.refresh, at=now + settings.REFRESH_REUSE_GRACE)

    assert RefreshFamily.objects.get().revoked_at is None
    assert not SecurityEvent.objects.exists()


def test_a_used_token_after_the_grace_ends_its_family_and_is_recorded(alice):
    pair = start(alice)
    newest = tokens.rotate(refresh=pair.refresh, at=timezone.now())
    later = timezone.now() + settings.REFRESH_REUSE_GRACE + SECOND

    with pytest.raises(TokenError):
        tokens.rotate(refresh=pair.refresh, at=later)

    assert RefreshFamily.objects.get().revoked_at == later
    event = SecurityEvent.objects.get()
    assert (event.user, event.kind) == (alice, SecurityEvent.Kind.TOKEN_REUSED)
    with pytest.raises(TokenError):
        tokens.rotate(refresh=newest.refresh, at=later)


def test_reuse_ends_no_other_sign_in_of_the_user(alice):
    pair, other = start(alice), start(alice)
    tokens.rotate(refresh=pair.refresh, at=timezone.now())
    later = timezone.now() + timedelta(minutes=1)

    with pytest.raises(TokenError):
        tokens.rotate(refresh=pair.refresh, at=later)

    assert tokens.rotate(refresh=other.refresh, at=later)


@pytest.mark.parametrize("generation", [None, "0", 0.0, True])
def test_a_refresh_token_without_a_generation_is_not_valid(alice, generation):
    family = RefreshFamily.objects.get(pk=claims_of(start(alice).refresh)["family"])
    token = tokens.RefreshToken.of_family(family, pair=uuid4())
    token["generation"] = generation

    with pytest.raises(TokenError):
        tokens.rotate(refresh=str(token), at=timezone.now())


def test_uses_within_the_grace_lead_to_one_generation(alice):
    first = start(alice)
    now = timezone.now()

    pairs = [tokens.rotate(refresh=first.refresh, at=now) for _ in range(4)]

    assert {claims_of(pair.refresh)["generation"] for pair in pairs} == {1}
    assert RefreshFamily.objects.get().generation == 1


def test_the_grace_is_for_the_last_generation_alone(alice):
    first, now = start(alice), timezone.now()
    second = tokens.rotate(refresh=first.refresh, at=now)
    tokens.rotate(refresh=second.refresh, at=now)

    with pytest.raises(TokenError):
        tokens.rotate(refresh=first.refresh, at=now)

    assert RefreshFamily.objects.get().revoked_at == now


def test_a_copy_used_within_the_grace_is_detected_once_both_were_used(alice):
    first = start(alice)
    now = timezone.now()
    owners, thiefs = (tokens.rotate(refresh=first.refresh, at=now) for _ in range(2))
    later = now + timedelta(minutes=5)
    tokens.rotate(refresh=owners.refresh, at=later)

    with pytest.raises(TokenError):
        tokens.rotate(refresh=thiefs.refresh, at=later + timedelta(minutes=5))

    assert RefreshFamily.objects.get().revoked_at is not None
    assert SecurityEvent.objects.get().kind == SecurityEvent.Kind.TOKEN_REUSED


# What two holders of one family do: who, and how many seconds after the last time.
STEPS = st.lists(
    st.tuples(st.sampled_from(["owner", "thief"]), st.integers(0, 30)), max_size=8
)


class Holders:
    """Two holders of copies of one refresh token, who continue independently."""

    def __init__(self, user):
        self.now = timezone.now()
        refresh = start(user, at=self.now).refresh
        self.tokens = {"owner": refresh, "thief": refresh}

    def refresh(self, who, *, after):
        """Refresh with the token of this holder; tell whether it succeeded."""
        self.now += timedelta(seconds=after)
        try:
            pair = tokens.rotate(refresh=self.tokens[who], at=self.now)
        except TokenError:
            return False
        self.tokens[who] = pair.refresh
        return True


@pytest.mark.django_db(transaction=True)
@given(steps=STEPS)
@settings_of_hypothesis(max_examples=30)
def test_two_holders_of_a_family_never_both_continue(steps):
    holders = Holders(UserFactory())
    for who, after in steps:
        holders.refresh(who, after=after)

    ends = [
        holders.refresh(who, after=60) for who in ("owner", "thief", "owner", "thief")
    ]

    assert ends.count(True) <= 1
    family = RefreshFamily.objects.order_by("-created_at").first()
    assert family.revoked_at is not None


@pytest.mark.django_db(transaction=True)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 10)), max_size=8))
@settings_of_hypothesis(max_examples=30)
def test_a_single_client_that_loses_responses_is_never_signed_out(steps):
    holder = Holders(UserFactory())

    for is_lost, after in steps:
        before = holder.tokens["owner"]
        assert holder.refresh("owner", after=3600)
        if is_lost:
            holder.tokens["owner"] = before
            assert holder.refresh("owner", after=after)


# --- The end of a family ------------------------------------------------------------


def test_no_rotation_outlives_the_family(alice):
    began = timezone.now() - settings.REFRESH_FAMILY_LIFETIME + timedelta(hours=1)
    pair = start(alice, at=began)
    family = RefreshFamily.objects.get()

    refreshed = tokens.rotate(refresh=pair.refresh, at=timezone.now())

    end = int(family.expires_at.timestamp())
    assert claims_of(refreshed.refresh)["exp"] == end
    with pytest.raises(TokenError):
        tokens.rotate(refresh=refreshed.refresh, at=family.expires_at)


def test_an_access_token_does_not_outlive_the_family(alice):
    began = timezone.now() - settings.REFRESH_FAMILY_LIFETIME + timedelta(minutes=1)

    access = start(alice, at=began).access

    assert claims_of(access)["exp"] == int(
        RefreshFamily.objects.get().expires_at.timestamp()
    )


def test_signing_out_ends_the_family_and_is_idempotent(alice):
    pair = start(alice)

    tokens.end_family(refresh=pair.refresh, at=timezone.now())
    first = RefreshFamily.objects.get().revoked_at
    tokens.end_family(refresh=pair.refresh, at=timezone.now())

    assert RefreshFamily.objects.get().revoked_at == first
    with pytest.raises(TokenError):
        tokens.rotate(refresh=pair.refresh, at=timezone.now())


def test_a_family_of_another_user_is_not_found_by_its_id(alice, bob):
    hers = RefreshFamily.objects.get(pk=claims_of(start(alice).refresh)["family"])
    forged = tokens.RefreshToken.of_family(hers, pair=uuid4())
    forged["sub"] = str(bob.pk)

    with pytest.raises(TokenError):
        tokens.rotate(refresh=str(forged), at=timezone.now())
    tokens.end_family(refresh=str(forged), at=timezone.now())

    hers.refresh_from_db()
    assert hers.revoked_at is None


def test_an_unknown_family_gets_no_pair(alice):
    unknown = RefreshFamily(
        id=uuid4(), user=alice, epoch=0, expires_at=timezone.now() + timedelta(days=1)
    )

    with pytest.raises(TokenError):
        tokens.rotate(
            refresh=str(tokens.RefreshToken.of_family(unknown, pair=uuid4())),
            at=timezone.now(),
        )


@pytest.mark.parametrize(
    "change",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: User.objects.filter(pk=user.pk).update(credential_epoch=1),
        lambda user: user.delete(),
    ],
    ids=["deactivated", "epoch raised", "deleted"],
)
def test_a_user_whose_credentials_ended_gets_no_pair(alice, change):
    pair = start(alice)

    change(alice)

    with pytest.raises(TokenError):
        tokens.rotate(refresh=pair.refresh, at=timezone.now())


@pytest.mark.parametrize("text", ["", "a.b.c", "a" * 100_000, "\x00", "\ud800", "ü"])
def test_an_invalid_token_is_refused(db, text):
    with pytest.raises(TokenError):
        tokens.rotate(refresh=text, at=timezone.now())
    with pytest.raises(TokenError):
        tokens.end_family(refresh=text, at=timezone.now())


# --- Races --------------------------------------------------------------------------


def refresh_in_threads(refresh, *, times):
    """Send the same refresh token from several threads concurrently."""

    def send():
        response = APIClient().post("/api/v1/auth/token/refresh", {"refresh": refresh})
        return response.status_code, response.json()

    with ThreadPoolExecutor(times) as pool:
        sent = [in_a_thread(pool, send) for _ in range(times)]
        return [one.result() for one in sent]


@pytest.mark.django_db(transaction=True)
def test_concurrent_refreshes_of_one_client_stay_in_one_family(settings):
    settings.REFRESH_REUSE_GRACE = timedelta(seconds=PATIENCE)
    user = UserFactory()
    pair = start(user)

    answers = refresh_in_threads(pair.refresh, times=8)

    assert {status for status, _ in answers} == {200}
    family = RefreshFamily.objects.get()
    assert family.revoked_at is None
    families = {claims_of(body["refresh"])["family"] for _, body in answers}
    assert families == {str(family.pk)}
    assert family.generation == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_grace_concurrent_uses_end_the_family(settings):
    settings.REFRESH_REUSE_GRACE = timedelta(seconds=-1)
    user = UserFactory()
    pair = start(user)

    answers = refresh_in_threads(pair.refresh, times=8)

    assert sorted(status for status, _ in answers) == [200] + [401] * 7
    assert RefreshFamily.objects.get().revoked_at is not None
    winner = next(body for status, body in answers if status == 200)
    response = APIClient().post(
        "/api/v1/auth/token/refresh", {"refresh": winner["refresh"]}
    )
    assert response.status_code == 401
