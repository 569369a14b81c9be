"""Sign-up through the API, with the rules of the sign-up page."""

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
    """There is an account with this address, and saying so can't be avoided."""

    code = "email_taken"
    text = "An account with this e-mail address already exists."


def is_verification_mandatory() -> bool:
    """Tell whether a user must verify their address before they can sign in."""
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")


def may_sign_in(user: User) -> bool:
    """Tell whether the address is verified, or needn't be."""
    return not is_verification_mandatory() or emails.is_verified(user)


def register(
    request: HttpRequest, *, email: str, password: str, timezone: str = "UTC"
) -> User | None:
    """Create an account and mail a link to its address; `email` is in lower case.

    Returns None for a known address if verification is mandatory: its owner gets a
    mail, and the caller learns nothing. It costs the same hash, the same queries and
    one mail, so that the response time reveals nothing either.

    Raises:
        EmailTaken: for a known address where verification is optional.
    """
    is_known = User.objects.filter(email=email).exists()
    if is_known and not is_verification_mandatory():
        raise EmailTaken
    # Hashed before the transaction, so that no lock is held meanwhile.
    password_hash = hashed(password)
    address = _store(email, password_hash, timezone, is_known=is_known)
    if address is None:
        if not is_verification_mandatory():  # concurrent requests
            raise EmailTaken
        get_adapter(request).send_account_already_exists_mail(email)
        return None
    try:
        address.send_confirmation(request, signup=True)
    except Exception:  # a failure of the mail server can surface as any of them
        # Without the mail the account could be neither used nor created again.
        address.user.delete()
        raise
    return address.user


def _store(
    email: str, password_hash: str, timezone: str, *, is_known: bool
) -> EmailAddress | None:
    """Store a new account; for a known address, run the same queries and roll back."""
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
    except IntegrityError:  # concurrent requests
        return None
    return None if is_known else address
