"""Users whose accounts are being deleted: how they come back alone.

The account is locked from the request on, so no session begins and no token works. A
user who signs in, with every factor, is remembered in an anonymous session for a few
minutes, and may do two things only: keep the account, and download what is in it. The
link in the mail keeps the account too, and opens nothing.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from accounts import events
from accounts.credentials import DELETION_GRACE, RECENT
from accounts.models import SecurityEvent, User

KEY = "accounts.leaving"  # in the session
PAGE = "accounts:leaving"
SALT = "accounts.leaving.keep"


def begin(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Remember in a new session, which signs nobody in, who has just signed in."""
    session = request.session
    session.flush()
    session[KEY] = {
        "user": str(user.pk),
        "epoch": user.credential_epoch,
        "until": (at + RECENT).timestamp(),
    }
    session.set_expiry(RECENT)
    events.record(user, SecurityEvent.Kind.SIGNED_IN, at=at, about="leaving")


def begin_once(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Do the same, unless this session remembers the user already."""
    if user_of(request, at=at) != user:
        begin(request, user, at=at)


def user_of(request: HttpRequest, *, at: datetime) -> User | None:
    """Return the user who is leaving and signed in just now, None if there is none."""
    kept = request.session.get(KEY)
    if not kept or at.timestamp() >= kept["until"]:
        return None
    return _find(UUID(kept["user"]), kept["epoch"])


def url_to_keep(user: User) -> str:
    """Return the link for a mail that keeps the account; it works once."""
    token = signing.dumps([user.pk.hex, user.credential_epoch], salt=SALT)
    return f"{settings.BASE_URL}{reverse('accounts:keep-account', args=[token])}"


def user_of_link(token: str) -> User | None:
    """Return the user whom the token of such a link names, None if it is void."""
    try:
        pk, epoch = signing.loads(token, max_age=2 * DELETION_GRACE, salt=SALT)
    except signing.BadSignature:
        return None
    return _find(UUID(hex=pk), epoch)


def _find(user_id: UUID, epoch: int) -> User | None:
    user = User.objects.filter(pk=user_id, credential_epoch=epoch).first()
    return user if user is not None and user.is_leaving else None
