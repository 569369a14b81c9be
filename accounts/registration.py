"""Signing up by API, under the same rules as allauth's page."""

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import events
from accounts.models import SecurityEvent, User


class EmailTaken(Exception):
    """There is an account with this address, and saying so is unavoidable."""


def is_verification_mandatory() -> bool:
    """Tell whether nobody may act before the mailbox is shown to be theirs."""
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")


def may_sign_in(user: User) -> bool:
    """Tell whether the address is verified, where that is asked for."""
    return (
        not is_verification_mandatory()
        or EmailAddress.objects.filter(
            user=user, email=user.email, verified=True
        ).exists()
    )


def register(request: HttpRequest, *, email: str, password: str) -> User | None:
    """Make an account and mail its address a link; `email` is in lower case.

    Returns `None` for a known address where verification is mandatory: its owner gets
    a mail, and the caller learns nothing.

    Raises:
        EmailTaken: for a known address where verification is optional.
    """
    if User.objects.filter(email=email).exists():
        _refuse_known(email, password)
        return None
    try:
        with transaction.atomic():
            user = User.objects.create_user(email=email, password=password)
            address = EmailAddress.objects.create(user=user, email=email, primary=True)
    except IntegrityError:  # two at once
        _refuse_known(email, password)
        return None
    try:
        address.send_confirmation(request, signup=True)
    except Exception:  # whatever the mail server's failure becomes on its way
        # Without the mail the account could not be used, nor made a second time.
        user.delete()
        raise
    events.record(user, SecurityEvent.Kind.SIGNED_UP, at=timezone.now())
    return user


def _refuse_known(email: str, password: str) -> None:
    if not is_verification_mandatory():
        raise EmailTaken
    make_password(password)  # as long as for an unknown address
    get_adapter().send_account_already_exists_mail(email)
