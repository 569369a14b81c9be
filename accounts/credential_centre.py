"""Everything that authenticates a user, in words, and how to end one of it.

Each kind of credential has two functions: one lists those of a user, the other ends
one. The pages and the API show the same list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import (
    emails,
    events,
    factors,
    identity_mails,
    personal_tokens,
    trusted_browsers,
)
from accounts.better_auth.identities import unlink
from accounts.credentials import Credential, end_all, lock_if_current
from accounts.models import (
    BrowserSession,
    LinkedIdentity,
    PersonalAccessToken,
    RefreshFamily,
    SecurityEvent,
    TrustedBrowser,
    User,
)
from config.api.scopes import SCOPES

MOST = 100  # of one kind that are listed; the limits of each kind are not higher
MAX_ID_LENGTH = 80

SESSION = "session"
SIGN_IN = "token"
PERSONAL = personal_tokens.KIND
IDENTITY = "identity"
PASSKEY = "passkey"
APP = "authenticator-app"
CODES = "recovery-codes"
TRUSTED = "trusted-browser"
ADDRESS = "address-link"
KINDS = (
    *(SESSION, SIGN_IN, PERSONAL, IDENTITY, PASSKEY, APP, CODES, TRUSTED),
    ADDRESS,
)
# Ending one of these takes away a way to sign in, so it requires a recent sign-in.
WAYS_TO_SIGN_IN = frozenset({IDENTITY, PASSKEY, APP})

EVERYTHING = "Everything in your account"
ALL_TASKS = "Read and change all your tasks and settings"


@dataclass(frozen=True, slots=True)
class Entry:
    """One credential, as its user is shown it. Its id is not secret."""

    kind: str
    key: str
    name: str
    may: str
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    device: str = ""
    network: str = ""
    expires_at: datetime | None = None
    is_current: bool = False
    can_end: bool = True

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.key}"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: the user, the credential of the request, and when."""

    user: User
    credential: Credential
    at: datetime


def entries(viewer: Viewer) -> list[Entry]:
    """Return all credentials of the user, by kind, those used last first."""
    return [entry for _, list_all in _LISTS for entry in list_all(viewer)]


def find(viewer: Viewer, entry_id: str) -> Entry | None:
    """Return the credential with this id, None if the user has none."""
    if len(entry_id) > MAX_ID_LENGTH:
        return None
    for kind, list_all in _LISTS:
        if any(entry_id.startswith(f"{one}-") for one in kind):
            return next((e for e in list_all(viewer) if e.id == entry_id), None)
    return None


# --- The kinds ----------------------------------------------------------------------


def _sessions(viewer: Viewer) -> Iterator[Entry]:
    live = BrowserSession.objects.live(viewer.user, at=viewer.at)
    for one in live.defer("session_data").order_by("-last_seen_at", "-pk")[:MOST]:
        yield Entry(
            SESSION,
            str(one.public_id),
            name=one.device or "Unknown browser",
            may=EVERYTHING,
            created_at=one.created_at,
            last_used_at=one.last_seen_at,
            device=one.device,
            network=one.network,
            expires_at=one.expire_date,
            is_current=one.public_id == viewer.user.session_id,
        )


def _sign_ins(viewer: Viewer) -> Iterator[Entry]:
    lifetime = settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]
    live = (
        RefreshFamily.objects.filter(
            user=viewer.user, refreshed_at__gt=viewer.at - lifetime
        )
        .live(at=viewer.at)
        .of_current_epoch()
        .select_related("identity")
        .order_by("-refreshed_at", "-pk")
    )
    for one in live[:MOST]:
        by = f" that signed in with {one.identity.issuer}" if one.identity else ""
        yield Entry(
            SIGN_IN,
            str(one.pk),
            name=f"{one.device or 'Unknown app'}{by}",
            may=ALL_TASKS,
            created_at=one.created_at,
            last_used_at=one.refreshed_at,
            device=one.device,
            network=one.network,
            expires_at=min(one.expires_at, one.refreshed_at + lifetime),
            is_current=_is_of(viewer, "token", one.pk),
        )


def _personal_tokens(viewer: Viewer) -> Iterator[Entry]:
    mine = PersonalAccessToken.objects.filter(user=viewer.user)
    for one in mine.live(at=viewer.at).order_by("-created_at", "-pk")[:MOST]:
        may = "; ".join(SCOPES[name] for name in one.scopes.split() if name in SCOPES)
        if one.lists is not None:
            may += f" (in {len(one.lists)} list{'' if len(one.lists) == 1 else 's'})"
        yield Entry(
            PERSONAL,
            str(one.pk),
            name=one.name,
            may=may,
            created_at=one.created_at,
            last_used_at=one.last_used_at,
            device=one.device,
            network=one.network,
            expires_at=one.expires_at,
        )


def _identities(viewer: Viewer) -> Iterator[Entry]:
    mine = LinkedIdentity.objects.filter(user=viewer.user)
    for one in mine.order_by("-last_used_at", "-pk")[:MOST]:
        may = "Sign in to your account, in browsers and apps"
        if one.suspended_at is not None:
            may = "Nothing until you keep it: it is paused"
        yield Entry(
            IDENTITY,
            str(one.pk),
            name=f"{one.known_as or 'No address'} at {one.issuer}",
            may=may,
            created_at=one.created_at,
            last_used_at=one.last_used_at,
            is_current=_is_of(viewer, "better-auth", one.pk),
        )


def _factors(viewer: Viewer) -> Iterator[Entry]:
    rows = factors.factors_of(viewer.user)
    for row in rows:
        kind, name, may = _in_words(row, rows)
        yield Entry(
            kind,
            str(row.pk),
            name=name,
            may=may,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            can_end=kind != CODES,  # they end with the last factor
        )


def _in_words(row: Any, rows: list[Any]) -> tuple[str, str, str]:
    if row.type == factors.PASSKEY:
        alone = "Sign in alone, or be" if row.data.get("signs_in") else "Be"
        return PASSKEY, row.data.get("name") or "Passkey", f"{alone} the second step"
    if row.type == factors.APP:
        return APP, "Authenticator app", "Be the second step of signing in"
    left = factors.codes_left(rows)
    return CODES, f"Recovery codes: {left} left", "Replace the second step, once each"


def _trusted_browsers(viewer: Viewer) -> Iterator[Entry]:
    mine = trusted_browsers.live(viewer.user, at=viewer.at)
    for one in mine.order_by("-created_at", "-pk")[:MOST]:
        yield Entry(
            TRUSTED,
            str(one.pk),
            name=one.device or "Unknown browser",
            may="Skip the second step of signing in",
            created_at=one.created_at,
            last_used_at=one.last_used_at,
            device=one.device,
            network=one.network,
            expires_at=one.expires_at,
        )


def _address_links(viewer: Viewer) -> Iterator[Entry]:
    pending = emails.pending_address(viewer.user)
    if pending is not None:
        yield Entry(
            ADDRESS,
            str(pending.pk),
            name=f"Link mailed to {pending.email}",
            may="Make this the address of your account",
        )


_LISTS: tuple[tuple[tuple[str, ...], Callable[[Viewer], Iterator[Entry]]], ...] = (
    ((SESSION,), _sessions),
    ((SIGN_IN,), _sign_ins),
    ((PERSONAL,), _personal_tokens),
    ((IDENTITY,), _identities),
    ((PASSKEY, APP, CODES), _factors),
    ((TRUSTED,), _trusted_browsers),
    ((ADDRESS,), _address_links),
)


def _is_of(viewer: Viewer, kind: str, key: UUID) -> bool:
    return viewer.credential.kind == kind and viewer.credential.key == str(key)


# --- Ending -------------------------------------------------------------------------


def end(*, user: User, entry: Entry, at: datetime) -> bool:
    """End a credential; return whether this call did. Another may have been first.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        LastSignInMethod: it is the only way in.
    """
    if entry.kind == PERSONAL:
        return personal_tokens.revoke(user=user, token_id=UUID(entry.key), at=at)
    if entry.kind in {PASSKEY, APP}:
        return factors.remove(user=user, pk=int(entry.key), at=at)
    if entry.kind == IDENTITY:
        return _disconnect(user, entry, at)
    with transaction.atomic():
        lock_if_current(user)
        if not _ENDS[entry.kind](user, entry, at):
            return False
        events.record(
            user, SecurityEvent.Kind.CREDENTIAL_ENDED, at=at, about=entry.kind
        )
    return True


def _disconnect(user: User, entry: Entry, at: datetime) -> bool:
    identity = LinkedIdentity.objects.filter(user=user, pk=entry.key).first()
    if identity is None or not unlink(user=user, identity=identity, at=at):
        return False
    identity_mails.send_unlinked(identity)
    return True


def _end_session(user: User, entry: Entry, at: datetime) -> bool:
    mine = BrowserSession.objects.filter(user=user, public_id=entry.key)
    return bool(mine.delete()[0])


def _end_sign_in(user: User, entry: Entry, at: datetime) -> bool:
    live = RefreshFamily.objects.filter(user=user, pk=entry.key, revoked_at=None)
    return bool(live.update(revoked_at=at))


def _end_trust(user: User, entry: Entry, at: datetime) -> bool:
    mine = TrustedBrowser.objects.filter(user=user, pk=entry.key)
    return bool(mine.delete()[0])


def _end_address_link(user: User, entry: Entry, at: datetime) -> bool:
    return emails.discard_pending_addresses(user)


_ENDS: dict[str, Callable[[User, Entry, datetime], bool]] = {
    SESSION: _end_session,
    SIGN_IN: _end_sign_in,
    TRUSTED: _end_trust,
    ADDRESS: _end_address_link,
}


@transaction.atomic
def end_others(*, user: User, keep: Credential, at: datetime) -> None:
    """End everything that gives access now, except the credential of the request.

    Ways to sign in stay: the password, passkeys and connected sign-ins. A session that
    is to be kept needs the new epoch: see `update_session_auth_hash`.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    end_all(user=user, at=at, keep=keep)
    others = BrowserSession.objects.filter(user=user)
    if user.session_id is not None:
        others = others.exclude(public_id=user.session_id)
    others.delete()
    events.record(user, SecurityEvent.Kind.CREDENTIAL_ENDED, at=at, about="all others")
