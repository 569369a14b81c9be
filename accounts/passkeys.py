"""The WebAuthn ceremonies with which passkeys are added and used.

Each begins with options for the browser, and a state that is kept until the response
comes back, in the session if there is a user: one ceremony at a time, once, within ten
minutes, for one purpose.
fido2 verifies challenge, origin, relying party and signature.
"""

import json
import logging
import math
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts import events
from accounts.credentials import CredentialEnded, lock_if_current
from accounts.factors import NewPasskey, passkeys_of
from accounts.models import SecurityEvent, User
from config import counters

logger = logging.getLogger(__name__)

# `sign-in` names no user before; `step` follows a password, `confirm` a session.
Purpose = Literal["add", "sign-in", "step", "confirm"]
KEY = "accounts.passkey"  # in the session
SECONDS = 10 * 60  # that a ceremony may take
MAX_LENGTH = 20_000  # characters of a response; usual ones have about 2,000
NOT_ACCEPTED = "This passkey was not accepted. Try again."
MAX_ID_LENGTH = 1023  # bytes (WebAuthn section 7.1, step 25)
TRANSPORTS = {"ble", "hybrid", "internal", "nfc", "smart-card", "usb"}
# What fido2 and the parsers below it raise for a response that makes no sense.
_MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
    struct.error,
)

T = TypeVar("T")


class PasskeyRefused(Exception):
    """The passkey is not accepted; `advice` tells the user what to do."""

    def __init__(self, reason: str, advice: str = "") -> None:
        self.advice = advice or NOT_ACCEPTED
        logger.info("passkey refused", extra={"reason": reason})
        super().__init__(reason)


# --- Beginning ------------------------------------------------------------------------


def relying_party() -> str:
    """Return the host name that passkeys belong to.

    Browsers allow no IP addresses, so on loopback it is `localhost`.
    """
    host = urlsplit(settings.BASE_URL).hostname or ""
    return "localhost" if settings.IS_LOOPBACK else host


def begin(request: HttpRequest, purpose: Purpose, user: User) -> dict[str, Any]:
    """Return the options of a ceremony for the browser, and keep its state."""
    options, request.session[KEY] = _begin(request, purpose, user)
    return options


def begin_sign_in(request: HttpRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of a sign-in with a passkey alone, and the state to keep."""
    return _begin(request, "sign-in", None)


def _begin(
    request: HttpRequest, purpose: Purpose, user: User | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    server = _server(request)
    known = [] if user is None else [_descriptor(row) for row in passkeys_of(user)]
    if purpose == "add":
        assert user is not None
        created, state = server.register_begin(
            PublicKeyCredentialUserEntity(
                id=user.pk.bytes,
                name=user.email or user.display_name or "Ownlist",
                display_name=user.display_name or user.email or "Ownlist",
            ),
            credentials=known,
            resident_key_requirement=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
            extensions={"credProps": True},
        )
        options = dict(created)
    else:
        asked, state = server.authenticate_begin(
            known or None,
            UserVerificationRequirement.REQUIRED
            if purpose == "sign-in"
            else UserVerificationRequirement.PREFERRED,
        )
        options = dict(asked)
    return options["publicKey"], {
        "purpose": purpose,
        "user": str(user.pk) if user else "",
        "state": dict(state),
        "until": timezone.now().timestamp() + SECONDS,
    }


def _server(request: HttpRequest) -> Fido2Server:
    here = (
        f"{request.scheme}://{request.get_host()}"
        if settings.IS_LOOPBACK
        else settings.BASE_URL
    )
    return Fido2Server(
        PublicKeyCredentialRpEntity(id=relying_party(), name="Ownlist"),
        verify_origin=lambda origin: origin == here,
    )


def _descriptor(row: Authenticator) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        type=PublicKeyCredentialType.PUBLIC_KEY,
        id=_decoded(row.data["credential_id"]),
        transports=row.data["transports"] or None,
    )


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- Ending ---------------------------------------------------------------------------


def finish_adding(request: HttpRequest, user: User, response: str) -> NewPasskey:
    """Return the passkey that the browser has made.

    Raises:
        PasskeyRefused: the response is not that of the ceremony begun last.
    """
    state = _state(request.session.pop(KEY, None), "add", user)
    sent = _parsed(lambda: _json(response))
    given = _parsed(lambda: RegistrationResponse.from_dict(sent))
    _refuse_framed(given.response.client_data)
    data = _parsed(lambda: _server(request).register_complete(state, given))
    credential = data.credential_data
    if (
        credential is None
        or len(credential.credential_id) > MAX_ID_LENGTH
        or credential.public_key.get(3) not in CoseKey.supported_algorithms()
        or not _parsed(lambda: _can_verify(credential.public_key))
    ):
        raise PasskeyRefused("credential")
    # fido2 doesn't read these two. Not every browser tells what `rk` is.
    extensions = _parsed(lambda: sent["clientExtensionResults"].get("credProps", {}))
    is_found = _parsed(lambda: extensions.get("rk", True))
    transports = _parsed(lambda: set(map(str, sent["response"].get("transports", []))))
    return NewPasskey(
        credential=_encoded(credential),
        credential_id=_encoded(credential.credential_id),
        sign_count=data.counter,
        signs_in=data.is_user_verified() and is_found is True,
        transports=tuple(sorted(transports & TRANSPORTS)),
    )


def finish(
    request: HttpRequest, purpose: Purpose, user: User, response: str, *, at: datetime
) -> None:
    """Verify that the user holds one of their passkeys.

    Raises:
        PasskeyRefused: it is not accepted.
    """
    state = _state(request.session.pop(KEY, None), purpose, user)
    _finish(request, purpose, user, response, state, at=at)


def finish_sign_in(
    request: HttpRequest, response: str, kept: dict[str, Any] | None, *, at: datetime
) -> User:
    """Verify a response to a sign-in with a passkey, and return the user it names.

    `kept` is the state from `begin_sign_in`, None if it is lost or was used.

    Raises:
        PasskeyRefused: it is not accepted.
    """
    state = _state(kept, "sign-in", None)
    return _finish(request, "sign-in", None, response, state, at=at)


def _finish(
    request: HttpRequest,
    purpose: Purpose,
    user: User | None,
    response: str,
    state: dict[str, Any],
    *,
    at: datetime,
) -> User:
    given = _parsed(lambda: AuthenticationResponse.from_dict(_json(response)))
    owner = user or _owner(given)
    try:
        with transaction.atomic():
            lock_if_current(owner, may_be_leaving=True)
            refusal = _use(request, owner, given, state, purpose=purpose, at=at)
    except CredentialEnded as exc:
        if user is not None:
            raise
        raise PasskeyRefused("no active user") from exc
    if refusal is not None:
        raise refusal
    return owner


def _use(
    request: HttpRequest,
    user: User,
    given: AuthenticationResponse,
    state: dict[str, Any],
    *,
    purpose: Purpose,
    at: datetime,
) -> PasskeyRefused | None:
    """Verify a response and count the use; return why the passkey is refused, if it is.

    It is not raised, because what is recorded about it must be committed.
    """
    rows = {_decoded(row.data["credential_id"]): row for row in passkeys_of(user)}
    row = rows.get(given.raw_id)
    try:
        if row is None:
            raise PasskeyRefused(
                "unknown", "This passkey was removed from the account."
            )
        known = AttestedCredentialData(_decoded(row.data["credential"]))
        server = _server(request)
        _refuse_framed(given.response.client_data)
        _parsed(lambda: server.authenticate_complete(state, [known], given))
    except PasskeyRefused as refusal:
        if purpose != "sign-in":  # anyone could cause the event
            events.record_wrong_factor(user, at=at, about="passkey")
        return refusal
    if purpose == "sign-in" and not row.data["signs_in"]:
        return PasskeyRefused(
            "second step only",
            "This passkey can't sign you in alone. Enter your password first.",
        )
    count, before = given.response.authenticator_data.counter, row.data["sign_count"]
    if (count or before) and count <= before:
        failed = SecurityEvent.Kind.FACTOR_FAILED
        events.record(user, failed, at=at, about="copied passkey")
        return PasskeyRefused(
            "counter",
            "This passkey may have been copied, so it was not accepted."
            " Sign in another way and remove it.",
        )
    row.data["sign_count"] = count
    row.last_used_at = at
    row.save(update_fields=["data", "last_used_at"])
    return None


def _state(
    kept: dict[str, Any] | None, purpose: Purpose, user: User | None
) -> dict[str, Any]:
    """Return the state of the ceremony begun last, which can't be used again.

    Requests of one session at the same moment may all find it, so uses are counted.
    """
    now = timezone.now().timestamp()
    if (
        kept is None
        or kept["purpose"] != purpose
        or kept["user"] != (str(user.pk) if user else "")
        or kept["until"] <= now
        or _count_use(kept["state"]["challenge"], now=now) > 1
    ):
        raise PasskeyRefused("no ceremony", "That took too long. Try again.")
    state: dict[str, Any] = kept["state"]
    return state


def _count_use(challenge: str, *, now: float) -> int:
    end = math.ceil(now) + SECONDS
    return counters.add("passkey", challenge, 1, expires_at=end, now=now)


def _refuse_framed(client: CollectedClientData) -> None:
    """Refuse a response from a frame in another site: no page of ours can be framed."""
    if client.cross_origin is not False:
        raise PasskeyRefused("framed")


def _can_verify(key: CoseKey) -> bool:
    """Tell whether this is a key that could verify a signature.

    fido2 doesn't look at a new key before its first use.
    """
    try:
        key.verify(b"", bytes(64))
    except InvalidSignature:
        return True
    return False


def _owner(given: AuthenticationResponse) -> User:
    """Return the user that the passkey names: nothing is proved by that."""
    handle = given.response.user_handle
    user_id = _parsed(lambda: UUID(bytes=handle))
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise PasskeyRefused("unknown", "This passkey was removed from the account.")
    return user


def _json(text: str) -> Any:
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found


def _parsed(parse: Callable[[], T]) -> T:
    try:
        return parse()
    except _MALFORMED as exc:
        raise PasskeyRefused("malformed or not verified") from exc
