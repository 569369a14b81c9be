"""Codes of the second step: what is accepted once, what never, and how it is stored."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.utils import timezone

from accounts import factors
from accounts.factor_secrets import Undecryptable, decrypt
from accounts.models import SecurityEvent
from tests.factories import UserFactory
from tests.signing_in import app_code, with_app

pytestmark = pytest.mark.django_db

Kind = SecurityEvent.Kind


@pytest.fixture
def now():
    return timezone.now()


def kinds_of(user):
    return list(
        user.security_events.order_by("pk").values_list("kind", "about").distinct()
    )


def test_the_code_of_the_app_is_accepted_once(now):
    user = UserFactory()
    secret = with_app(user, at=now - timedelta(hours=1))
    code = app_code(secret, at=now)

    assert factors.use_code(user=user, code=f"{code[:3]} {code[3:]}", at=now) == "totp"
    assert factors.use_code(user=user, code=code, at=now) is None
    # Nor is the one before it, which nobody has used.
    earlier = app_code(secret, at=now - timedelta(seconds=30))
    assert factors.use_code(user=user, code=earlier, at=now) is None
    assert (Kind.FACTOR_FAILED, "code") in kinds_of(user)


@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_clock_may_be_slow_or_fast_by_one_step(now, seconds):
    user = UserFactory()
    secret = with_app(user, at=now - timedelta(hours=1))
    code = app_code(secret, at=now + timedelta(seconds=seconds))

    assert factors.use_code(user=user, code=code, at=now) == "totp"


@pytest.mark.parametrize("minutes", [-2, 2])
def test_an_old_or_a_future_code_is_refused(now, minutes):
    user = UserFactory()
    secret = with_app(user, at=now - timedelta(hours=1))
    code = app_code(secret, at=now + timedelta(minutes=minutes))

    assert factors.use_code(user=user, code=code, at=now) is None


@pytest.mark.parametrize(
    "text", ["", "12345", "abcdef", "１２３４５６", "1" * 10_000, "000000 or 1=1", "\0"]
)
def test_text_that_is_not_a_code_is_refused(now, text):
    user = UserFactory()
    with_app(user, at=now)

    assert factors.use_code(user=user, code=text, at=now) is None


def test_codes_of_another_user_are_refused(now):
    user, other = UserFactory(), UserFactory()
    with_app(user, at=now - timedelta(hours=1))
    secret = with_app(other, at=now - timedelta(hours=1))
    theirs = factors.show_codes(user=other, at=now)

    assert factors.use_code(user=user, code=app_code(secret, at=now), at=now) is None
    assert factors.use_code(user=user, code=theirs[0], at=now) is None


def test_a_recovery_code_works_once_and_is_recorded(now):
    user = UserFactory()
    with_app(user, at=now)
    codes = factors.show_codes(user=user, at=now)

    assert len(set(codes)) == 10
    assert all(sum(letter.isdigit() for letter in code) >= 8 for code in codes)
    assert factors.use_code(user=user, code=codes[3], at=now) == "recovery_codes"
    assert factors.use_code(user=user, code=codes[3], at=now) is None
    assert factors.codes_left(factors.factors_of(user)) == 9
    assert (Kind.CODE_USED, "recovery codes") in kinds_of(user)


def test_recovery_codes_are_shown_for_ten_minutes_once(now):
    user = UserFactory()
    with_app(user, at=now)

    first = factors.show_codes(user=user, at=now)

    assert factors.show_codes(user=user, at=now + timedelta(minutes=9)) == first
    assert factors.show_codes(user=user, at=now + timedelta(minutes=10)) is None


def test_new_codes_replace_the_old_ones(now):
    user = UserFactory()
    with_app(user, at=now)
    old = factors.show_codes(user=user, at=now)

    factors.replace_codes(user=user, at=now)

    assert factors.use_code(user=user, code=old[0], at=now) is None
    assert factors.show_codes(user=user, at=now) != old


def test_the_database_holds_no_secret_in_clear(now):
    user = UserFactory()
    secret = with_app(user, at=now)

    stored = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert secret not in stored
    assert not any(code in stored for code in factors.show_codes(user=user, at=now))


def test_the_key_is_replaced_without_losing_a_factor(now, settings):
    user = UserFactory()
    secret = with_app(user, at=now - timedelta(hours=1))
    codes = factors.show_codes(user=user, at=now)
    old = settings.FACTOR_ENCRYPTION_KEY
    settings.FACTOR_ENCRYPTION_KEY = "another key that has more than thirty-two bytes"
    settings.FACTOR_ENCRYPTION_KEY_FALLBACKS = [old]

    call_command("encrypt_factors")
    settings.FACTOR_ENCRYPTION_KEY_FALLBACKS = []

    assert factors.use_code(user=user, code=app_code(secret, at=now), at=now) == "totp"
    assert factors.use_code(user=user, code=codes[0], at=now) == "recovery_codes"


def test_a_lost_key_refuses_codes_and_breaks_nothing(now, settings):
    user = UserFactory()
    secret = with_app(user, at=now - timedelta(hours=1))
    settings.FACTOR_ENCRYPTION_KEY = "another key that has more than thirty-two bytes"

    assert factors.use_code(user=user, code=app_code(secret, at=now), at=now) is None
    assert factors.show_codes(user=user, at=now) is None
    row = Authenticator.objects.get(user=user, type=factors.APP)
    with pytest.raises(Undecryptable):
        decrypt(row.data["secret"])


def test_the_user_knows_whether_there_is_a_factor(now):
    user = UserFactory()
    assert not user.has_factor

    with_app(user, at=now)
    user.refresh_from_db()
    assert user.has_factor

    row = Authenticator.objects.get(user=user, type=factors.APP)
    assert factors.remove(user=user, pk=row.pk, at=now)
    assert not user.has_factor
    assert not Authenticator.objects.filter(user=user).exists()  # nor recovery codes
    assert not factors.remove(user=user, pk=row.pk, at=now)  # in another tab


def test_codes_agree_with_the_standard():
    """The first value of RFC 6238, appendix B, cut to six digits."""
    secret = b32encode(b"12345678901234567890").decode()

    assert app_code(secret, at=datetime.fromtimestamp(59, UTC)) == "287082"
