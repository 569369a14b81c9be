"""The authentication classes: they turn a request into (user, credential).

A class returns None only for a credential that belongs to another class. If it belongs
to this class, the class returns its user or refuses; no other class is tried.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.encoding import force_str
from rest_framework import authentication
from rest_framework.exceptions import (
    AuthenticationFailed,
    PermissionDenied,
    Throttled,
)
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts import access_tokens, personal_tokens
from accounts.better_auth import identities, sessions
from accounts.better_auth.exceptions import (
    KeysUnavailable,
    TokenRejected,
    TooManyRefused,
)
from accounts.better_auth.issuers import session_issuer, trusted_issuers
from accounts.better_auth.verifier import (
    VerifiedToken,
    recently_verified,
    unverified_issuer,
    verify,
)
from accounts.credentials import SESSION, Credential
from accounts.models import REQUEST_FIELDS, LinkedIdentity, User
from accounts.sign_in_records import proof_time, records_of
from accounts.token_users import IDENTITY, OWNER, ReadsWithUser, TokenUser
from accounts.verified_tokens import BearerToken, VerifiedTokens
from config.api.problems import CREDENTIAL_REFUSED, Unavailable
from config.api.throttling import users
from config.client_address import address_key
from config.compiled_queries import ColumnsOf, CompiledQuery, RowValues, instance
from config.outages import note_failure, outages

logger = logging.getLogger(__name__)

CHALLENGE = "Bearer"


class TokenNotValid(AuthenticationFailed):
    """401 with the same text for every refusal. The reason is only logged."""

    default_detail = CREDENTIAL_REFUSED
    default_code = "token_not_valid"


class SecondFactorRequired(PermissionDenied):
    """403: the first step of the sign-in succeeded, and the second one is missing."""

    default_detail = (
        "This account requires a second step. Send `code` as well: from the"
        " authenticator app, or a recovery code. A token of a connected sign-in is"
        " accepted without it only if its user allows that under Security."
    )
    default_code = "mfa_required"


def bearer_token(request: Request) -> BearerToken | None:
    """Return the token of an `Authorization: Bearer` header (RFC 6750 section 2.1).

    None means that the header is missing or has another scheme.

    Raises:
        TokenNotValid: the header has this scheme, but no token.
    """
    kept = vars(request)  # each class asks
    if "_bearer_token" not in kept:
        kept["_bearer_token"] = _bearer_token(request)
    token: BearerToken | None = kept["_bearer_token"]
    return token


def _bearer_token(request: Request) -> BearerToken | None:
    sent: str = request._request.META.get("HTTP_AUTHORIZATION", "")
    header = sent.encode("iso-8859-1", errors="replace").split()
    if not header or header[0].lower() != b"bearer":
        return None
    if len(header) != 2:
        raise refused("malformed header")
    return BearerToken(force_str(header[1], "ascii", errors="replace"))


def refused(reason: str) -> TokenNotValid:
    """Log the reason, without the token, and return the exception without it."""
    logger.info("credential refused", extra={"reason": reason})
    return TokenNotValid()


def user_of(request: HttpRequest | Request) -> User:
    """Return the signed-in user of a request that was authenticated."""
    assert isinstance(request.user, User)
    return request.user


def credential_of(request: Request) -> Credential:
    """Return the credential of a request that was authenticated."""
    credential: object = request.auth
    assert isinstance(credential, Credential)
    return credential


class PersonalTokenAuthentication(authentication.BaseAuthentication):
    """Accepts personal access tokens, which their prefix identifies."""

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE

    def authenticate(self, request: Request) -> tuple[User, Credential] | None:
        token = bearer_token(request)
        if token is None or not token.startswith(personal_tokens.PREFIX):
            return None
        try:
            return personal_tokens.authenticate(
                token, request=request._request, at=timezone.now()
            )
        except personal_tokens.TokenRefused as exc:
            raise refused(f"personal token: {exc}") from exc


class BetterAuthAuthentication(authentication.BaseAuthentication):
    """Accepts tokens of the trusted Better Auth servers.

    These are JWTs of any of them, and opaque session tokens of the server that has
    `sessions` enabled. If the user has a second factor, they are refused, unless the
    user has let the identity in without it, or the view asks for the code itself.
    """

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE

    def authenticate(self, request: Request) -> tuple[User, Credential] | None:
        token = bearer_token(request)
        now = timezone.now()
        if token is None or access_tokens.is_known(token, now=now.timestamp()):
            return None
        verified = recently_verified(token, now=now.timestamp())
        if verified is None:
            if not is_of_better_auth(token):
                return None
            sender = address_key(request._request)
            verified = verify_external_token(token, now=now, sender=sender)
        view = request.parser_context["view"]
        user_id = _users.get(token, now=now.timestamp())
        known = _read_identity(user_id, verified, view) if user_id else None
        identity = admit(verified, at=now, known=known)
        if identity.user_id != user_id:
            until, found = verified.expires_at, identity.user_id
            _users.add(token, found, expires_at=until, now=now.timestamp())
        if identities.lacks_factor(identity) and not hasattr(view, "asks_for_code"):
            raise SecondFactorRequired()
        return identity.user, better_auth_credential(identity, verified)


# Whose identity a token named a moment ago. What is read for this user requires that
# the identity is still theirs.
_users = VerifiedTokens[UUID]()


def _read_identity(
    user_id: UUID, verified: VerifiedToken, view: object
) -> LinkedIdentity | None:
    """Return the identity of a token if the view can read it with its answer."""
    user = TokenUser(user_id, verified.issuer.issuer, verified.subject)
    row = _row_with(user, view)
    return _IDENTITY_COLUMNS.instance(row) if row else None


def better_auth_credential(
    identity: LinkedIdentity, token: VerifiedToken
) -> Credential:
    """Return the credential of a verified token of `identity`."""
    proved = None if identity.user.has_factor else token.authenticated_at
    return Credential(
        "better-auth",
        str(identity.pk),
        subject=identity.subject,
        authenticated_at=datetime.fromtimestamp(proved, UTC) if proved else None,
    )


def is_of_better_auth(token: str) -> bool:
    """Tell by form and unverified `iss` whether the token is one of Better Auth."""
    if sessions.is_session_token(token):
        return session_issuer() is not None
    return unverified_issuer(token) in trusted_issuers()


def verify_external_token(token: str, *, now: datetime, sender: str) -> VerifiedToken:
    """Verify a JWT or a session token of a Better Auth server.

    `sender` is the key of the network address that it came from.

    Raises:
        TokenNotValid: it is refused.
        Throttled: too many session tokens of this sender were invalid.
        Unavailable: the issuer can't be asked at the moment.
    """
    issuer = session_issuer()
    try:
        if issuer is not None and sessions.is_session_token(token):
            found = sessions.check(token, issuer, now=now.timestamp(), sender=sender)
        else:
            found = verify(token, now=now.timestamp())
    except TokenRejected as exc:
        raise refused(f"better auth: {exc.reason}") from exc
    except TooManyRefused as exc:
        raise Throttled(exc.retry_after) from exc
    except KeysUnavailable as exc:
        note_failure(exc.__cause__ or exc, "issuer")
        raise Unavailable(wait=exc.retry_after) from exc
    outages.worked("issuer", now=time.monotonic())
    return found


def identify(
    token: VerifiedToken, *, at: datetime, known: LinkedIdentity | None = None
) -> LinkedIdentity:
    """Return the identity of a verified token; create it on first use.

    It may be suspended, or its user inactive. `known` is the identity if it was read
    already.

    Raises:
        Unavailable: its issuer had too many new users within a minute.
    """
    try:
        return identities.find_or_provision(token, at=at, known=known)
    except identities.TooManyNewUsers as exc:
        logger.warning("too many new users", extra={"issuer": token.issuer.issuer})
        raise Unavailable(wait=exc.retry_after) from exc


def admit(
    token: VerifiedToken, *, at: datetime, known: LinkedIdentity | None = None
) -> LinkedIdentity:
    """Return the identity that a verified token authenticates; create it on first use.

    `known` is the identity if it was read already.

    Raises:
        TokenNotValid: its user is inactive or has ended every credential since, or a
            reset by mail has suspended the identity.
        Unavailable: as `identify` does.
    """
    identity = identify(token, at=at, known=known)
    if reason := identities.refusal(identity, token):
        raise refused(f"better auth: {reason}")
    return identity


# In the row of a view that reads the user with its answer.
_USER_COLUMNS = ColumnsOf(User, REQUEST_FIELDS, prefix=OWNER)
_IDENTITY_COLUMNS = identities.IdentityColumns(user=OWNER, identity=IDENTITY)

_USER = CompiledQuery(REQUEST_FIELDS, lambda user_id: User.objects.filter(pk=user_id))


def _row_with(user: TokenUser, view: object) -> RowValues | None:
    """Return a row with the user's columns if the view can read it with its answer.

    It reads no answer that the limit of the user's requests refuses afterwards.
    """
    if not hasattr(view, "read_with_user"):
        return None
    if users.is_used_up(str(user.id), now=time.time()):
        return None
    return cast(ReadsWithUser, view).read_with_user(user)


def _user(user_id: UUID, view: object) -> User | None:
    """Return the user with the columns that a request needs."""
    if joined := _row_with(TokenUser(user_id), view):
        return _USER_COLUMNS.instance(joined)
    row = _USER.first(user_id=user_id)
    return instance(User, row) if row else None


class OwnTokenAuthentication(authentication.BaseAuthentication):
    """Accepts access tokens that we issued."""

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE

    def authenticate(self, request: Request) -> tuple[User, Credential] | None:
        token = bearer_token(request)
        if token is None:
            return None
        try:
            access = access_tokens.verified(token, now=time.time())
        except TokenError as exc:
            raise refused("own token: not verified") from exc
        user = _user(access.user_id, request.parser_context["view"])
        if user is None or not user.is_active:
            raise refused("own token: no active user")
        if user.credential_epoch != access.epoch:
            raise refused("own token: ended by its user")
        return user, Credential(
            "token",
            str(access.family_id),
            authenticated_at=_counted(user, access.authenticated_at),
            pair=access.pair,
        )


def _counted(user: User, proved_at: datetime | None) -> datetime | None:
    """Return when the user of a token proved who they are, if that counts.

    Since the user has a second factor, every sign-in by token included it. Tokens know
    times to the second.
    """
    since = user.factor_since
    if since is None or proved_at is None:
        return proved_at
    return proved_at if proved_at >= since.replace(microsecond=0) else None


class SessionAuthentication(authentication.SessionAuthentication):
    """Accepts browser sessions, with the CSRF check, for the browsable API."""

    def authenticate(self, request: Request) -> tuple[User, Credential] | None:
        if authentication.get_authorization_header(request):
            # No other class accepts this header. The session must not replace it.
            raise refused("unknown scheme")
        found = super().authenticate(request)
        if found is None:
            return None
        return found[0], page_credential(request._request)


def page_credential(request: HttpRequest) -> Credential:
    """Return the credential of a request that a session or a cookie signed in.

    The middleware for Better Auth's session cookie sets its credential on the request.
    In both cases the session may hold a later proof: the password entered again. If the
    user has a second factor, only what included it counts.
    """
    credential: Credential = getattr(request, "credential", SESSION)
    needs_factor = bool(getattr(request.user, "has_factor", False))
    proofs = [*_proofs(request, needs_factor=needs_factor)]
    if not needs_factor:
        proofs.append(credential.authenticated_at)
    latest = max((at for at in proofs if at is not None), default=None)
    return replace(credential, authenticated_at=latest)


def _proofs(request: HttpRequest, *, needs_factor: bool) -> Iterator[datetime | None]:
    """Yield when the user of this session proved who they are, as allauth recorded."""
    for record in records_of(request, request.user):
        at = proof_time(record, needs_factor=needs_factor)
        if at is not None:
            yield datetime.fromtimestamp(at, UTC)
