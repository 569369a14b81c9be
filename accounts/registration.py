"""Signing up by API, under the same rules as allauth's page."""

from uuid import uuid4

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.timezone import now

from accounts import emails, events
from accounts.emails import EmailAddress
from accounts.models import SecurityEvent, User
from accounts.passwords import hashed
from config.refusals import Refusal


class EmailTaken(Refusal):
    """There is an account with this address, and saying so is unavoidable."""

    code = "email_taken"
    text = "There is an account with this address."


def is_verification_mandatory() -> bool:
    """Tell whether nobody may act before the mailbox is shown to be theirs."""
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")


def may_sign_in(user: User) -> bool:
    """Tell whether the address is verified, where that is asked for."""
    return not is_verification_mandatory() or emails.is_verified(user)


def register(
    request: HttpRequest, *, email: str, password: str, timezone: str = "UTC"
) -> User | None:
    """Make an account and mail its address a link; `email` is in lower case.

    Returns `None` for a known address where verification is mandatory: its owner gets
    a mail, and the caller learns nothing. The same hash, the same statements and one
    mail are done for it, so that the time tells nothing either.

    Raises:
        EmailTaken: for a known address where verification is optional.
    """
    is_known = User.objects.filter(email=email).exists()
    if is_known and not is_verification_mandatory():
        raise EmailTaken
    # Before the transaction: nobody waits for a lock while a password is hashed.
    password_hash = hashed(password)
    address = _store(email, password_hash, timezone, is_known=is_known)
    if address is None:
        if not is_verification_mandatory():  # two at once
            raise EmailTaken
        get_adapter(request).send_account_already_exists_mail(email)
        return None
    try:
        address.send_confirmation(request, signup=True)
    except Exception:  # whatever the mail server's failure becomes on its way
        # Without the mail the account could not be used, nor made a second time.
        address.user.delete()
        raise
    return address.user


def _store(
    email: str, password_hash: str, timezone: str, *, is_known: bool
) -> EmailAddress | None:
    """Store a new account; for a known address, do as much and leave nothing."""
    if is_known:
        email = f"{uuid4().hex}@nobody.invalid"
    try:
        with transaction.atomic():
            user = User.objects.create(
                email=email, password=password_hash, timezone=timezone
            )
            address = emails.add(user)
            events.record(user, SecurityEvent.Kind.SIGNED_UP, at=now())
            transaction.set_rollback(is_known)
    except IntegrityError:  # two at once
        return None
    return None if is_known else address
