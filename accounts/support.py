"""Sealed support: staff see tasks only while their user lets them, and never unseen.

A user grants a view for some minutes, and gets a code for one member of staff. Whoever
of them enters it first may look; nobody else may. Each page is recorded before it is
shown, in the same transaction, so what can't be recorded is not shown. Every function
locks the row of the user first, as whatever ends credentials does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import events
from accounts.credentials import end_support_view, lock_if_current
from accounts.models import SecurityEvent, SupportGrant, SupportLook, User
from config.row_security import rows_of

MINUTES = (15, 30, 60)
WRONG_CODES_MAX = 5  # then the grant ends
LOOKS_MAX = 200  # of one grant
GRANTS_KEPT = 20  # of one user, with their looks

Kind = SecurityEvent.Kind


class AlreadyGranted(Exception):
    """The user has a view that is still open; there is one at a time."""


class NotAllowed(Exception):
    """No grant lets this member of staff look at the tasks of this user now."""


def code_of(grant: SupportGrant) -> str:
    """Return the eight digits that open the grant. They are not stored."""
    digest = salted_hmac("accounts.support", str(grant.pk), algorithm="sha256")
    return f"{int(digest.hexdigest(), 16) % 10**8:08}"


# --- The user -----------------------------------------------------------------------


@transaction.atomic
def grant(*, user: User, minutes: int, reason: str, at: datetime) -> SupportGrant:
    """Let one member of staff look at the tasks of the user for some minutes.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        AlreadyGranted: the user has done so already.
    """
    locked = lock_if_current(user)
    if live_grant(locked, at=at) is not None:
        raise AlreadyGranted
    earlier = SupportGrant.objects.filter(user=locked)
    earlier.filter(ended_at=None).update(ended_at=at)  # by time
    kept = earlier.order_by("-pk").values_list("pk", flat=True)[: GRANTS_KEPT - 1]
    earlier.exclude(pk__in=list(kept)).delete()
    granted = SupportGrant.objects.create(
        user=locked,
        reason=reason,
        epoch=locked.credential_epoch,
        granted_at=at,
        expires_at=at + timedelta(minutes=minutes),
    )
    events.record(locked, Kind.SUPPORT_GRANTED, at=at, about=str(granted.pk))
    return granted


@transaction.atomic
def end(*, user: User, at: datetime) -> bool:
    """End the view of the user at once; return whether there was one.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    return end_support_view(lock_if_current(user), at=at)


def live_grant(user: User, *, at: datetime) -> SupportGrant | None:
    return SupportGrant.objects.filter(user=user).live(at=at).first()


# --- Staff --------------------------------------------------------------------------


def enter_code(*, staff: User, user_id: UUID, code: str, at: datetime) -> bool:
    """Open the view of the user for `staff`; return whether the code is right.

    The answer is the same if there is no view, and if a colleague has opened it. After
    `WRONG_CODES_MAX` wrong codes the view ends.
    """
    with rows_of(user_id), transaction.atomic():
        return _enter_code(staff, _locked(user_id), code, at)


def _enter_code(staff: User, user: User | None, code: str, at: datetime) -> bool:
    granted = live_grant(user, at=at) if user else None
    if user is None or granted is None:
        return False
    if not constant_time_compare(code, code_of(granted)):
        granted.wrong_codes += 1
        granted.save(update_fields=["wrong_codes"])
        if granted.wrong_codes >= WRONG_CODES_MAX:
            end_support_view(user, at=at)
        return False
    if granted.opened_by_id not in {None, staff.pk}:
        return False
    granted.opened_by = staff
    granted.save(update_fields=["opened_by"])
    return True


def may_look(*, staff: User, user_id: UUID, at: datetime) -> bool:
    """Tell whether `staff` has opened the view of this user, and it is still open."""
    opened = SupportGrant.objects.filter(user=user_id, opened_by=staff)
    with rows_of(user_id):
        return opened.live(at=at).exists()


@contextmanager
def look(
    *,
    staff: User,
    user_id: UUID,
    page: SupportLook.Page,
    at: datetime,
    object_id: UUID | None = None,
) -> Iterator[SupportGrant]:
    """Record that `staff` looks at a page; read and render it inside.

    The code inside sees the rows of this user only, also where the database decides.

    Who ends the view meanwhile waits until the page is made, and no page is made after
    that. If the code inside raises, nothing was shown, and nothing is recorded.

    Raises:
        NotAllowed: no grant allows it now, or it has been used `LOOKS_MAX` times.
    """
    with rows_of(user_id), transaction.atomic():
        user = _locked(user_id)
        granted = live_grant(user, at=at) if user else None
        if user is None or granted is None or granted.opened_by_id != staff.pk:
            raise NotAllowed
        looks = granted.looks.count()
        if looks >= LOOKS_MAX:
            raise NotAllowed
        granted.looks.create(by=staff, at=at, page=page, object_id=object_id)
        if not looks:
            events.record(
                user, Kind.SUPPORT_LOOKED, at=at, by=staff, about=str(granted.pk)
            )
        granted.user = user
        yield granted


def _locked(user_id: UUID) -> User | None:
    users = User.objects.select_for_update(no_key=True)
    return users.filter(pk=user_id, is_active=True).first()
