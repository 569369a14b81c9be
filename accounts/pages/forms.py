"""The forms of the account pages: allauth's with our fields and rules, and our own."""

from datetime import timedelta
from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts import emails, events
from accounts.addresses import MAX_LENGTH as EMAIL_MAX_LENGTH
from accounts.addresses import ascii_email, validate_email, validate_new_address
from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.identities import suspend_all
from accounts.better_auth.verifier import MAX_TOKEN_LENGTH, VerifiedToken, verify
from accounts.credentials import lock_if_current, store_password
from accounts.models import (
    SecurityEvent,
    User,
    validate_timezone,
)
from accounts.passwords import MAX_LENGTH, hashed, minimum_length, normalised
from accounts.registration import is_verification_mandatory, register

SIGNED_IN_FOR = timedelta(seconds=settings.SESSION_COOKIE_AGE)


class EmailField(forms.EmailField):
    """An e-mail address in ASCII, converted to lower case.

    It is checked before the conversion, which turns some other letters into ASCII, such
    as the Kelvin sign.
    """

    default_validators = [validate_email]

    def __init__(self, *, label: str, new: bool = False) -> None:
        """A `new` address is to become that of an account; others are looked up."""
        self.check = validate_new_address if new else ascii_email
        super().__init__(max_length=EMAIL_MAX_LENGTH, label=label)
        self.widget.attrs |= {"autocomplete": "email", "autocapitalize": "none"}

    def clean(self, value: object) -> str:
        address: str = super().clean(value)
        self.check(address)
        return address.lower()


class PasswordField(forms.CharField):
    """A password as it was typed: neither trimmed nor shown again.

    The field of a new password shows the rules: `minimum` is its length. The browser is
    not told the maximum length, because it would silently cut off a longer pasted
    password.
    """

    widget = forms.PasswordInput

    def __init__(self, *, label: str, minimum: int | None = None) -> None:
        self.is_new = minimum is not None
        super().__init__(strip=False, label=label)
        self.widget.attrs["autocomplete"] = "current-password"
        if minimum is not None:
            self.help_text = (
                f"At least {minimum} characters. A few words make a good password."
            )
            self.widget.attrs |= {"autocomplete": "new-password", "minlength": minimum}

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > MAX_LENGTH:
            raise ValidationError(
                f"Use at most {MAX_LENGTH} characters.", code="password_too_long"
            )

    def clean(self, value: object) -> str:
        """Return a new password as it will be stored: that is what the rules check."""
        password: str = super().clean(value)
        return normalised(password) if self.is_new else password


# --- allauth's forms, with our fields -------------------------------------------


class SignInForm(allauth.LoginForm):
    """E-mail and password."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = EmailField(label="E-mail")
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"
        self.fields["password"] = PasswordField(label="Password")
        remember = self.fields["remember"]
        remember.label = f"Keep me signed in for {SIGNED_IN_FOR.days} days"
        remember.help_text = "Uncheck it on a computer that others use."
        remember.initial = True


class SignUpForm(allauth.SignupForm):
    """E-mail and password. A script fills in the time zone of the user's device."""

    timezone = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="E-mail", new=True)
        self.fields["password1"] = PasswordField(
            label="Password", minimum=settings.PASSWORD_MIN_LENGTH
        )

    def clean_email(self) -> str:
        """Refuse an address that is taken, unless verification is mandatory.

        Then every address gets the same answer.
        """
        email: str = get_adapter().clean_email(self.cleaned_data["email"])
        if (
            not is_verification_mandatory()
            and User.objects.filter(email=email).exists()
        ):
            raise get_adapter().validation_error("email_taken")
        return email

    def try_save(
        self, request: HttpRequest
    ) -> tuple[AbstractBaseUser | None, HttpResponseBase | None]:
        """Make the account as the API does, where verification is mandatory.

        allauth would hash no password for a known address, which the response time
        reveals.
        """
        if not is_verification_mandatory():
            user, response = super().try_save(request)
            return user, response
        user = register(
            request,
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            timezone=self.cleaned_data["timezone"],
        )
        adapter = get_adapter()
        return user, adapter.respond_email_verification_sent(request, user)

    def clean_timezone(self) -> str:
        """Return the zone of the device, or UTC if we don't know it."""
        name: str = self.cleaned_data["timezone"]
        try:
            validate_timezone(name)
        except ValidationError:
            return "UTC"
        return name

    def signup(self, request: HttpRequest, user: User) -> None:
        user.timezone = self.cleaned_data["timezone"]
        user.save(update_fields=["timezone"])


class EmailChangeForm(allauth.AddEmailForm):
    """The address to change to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="New e-mail address", new=True)

    def clean_email(self) -> str:
        """Refuse an address of this account, and say nothing about other accounts.

        allauth queries those as well, more often if the address is unknown.
        """
        adapter = get_adapter()
        email: str = adapter.clean_email(self.cleaned_data["email"])
        assert isinstance(self.user, User)
        if emails.has_address(self.user, email):
            raise adapter.validation_error("duplicate_email")
        return email

    def save(self, request: HttpRequest) -> emails.EmailAddress:
        """Keep the new address beside the one in use until it is verified.

        allauth would delete an address in use that was never verified, and leave the
        user without any.
        """
        assert isinstance(self.user, User)
        with transaction.atomic():
            lock_if_current(self.user)
            address = emails.set_pending_address(self.user, self.cleaned_data["email"])
        emails.send_verification_link(request, address)
        return address


class _NewPassword(forms.Form):
    """One field for a new password, checked against the configured rules.

    It replaces the two fields of allauth's form.
    """

    user: AbstractBaseUser | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = PasswordField(
            label="New password", minimum=minimum_length(self.user)
        )
        del self.fields["password2"]

    def clean_password1(self) -> str:
        password: str = get_adapter().clean_password(
            self.cleaned_data["password1"], user=self.user
        )
        return password


class PasswordChangeForm(_NewPassword, allauth.ChangePasswordForm):
    """The current password, and a new one."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"] = PasswordField(label="Current password")

    def clean_oldpassword(self) -> str:
        """Compare it within the limits on the attempts of a signed-in user."""
        password: str = self.cleaned_data["oldpassword"]
        adapter = get_adapter()
        assert self.user is not None
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("enter_current_password")
        return password


class PasswordSetForm(_NewPassword, allauth.SetPasswordForm):
    """The first password of an account that has none."""


class PasswordResetForm(allauth.ResetPasswordForm):
    """The address to send the link to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="E-mail")

    def clean_email(self) -> str:
        """Find the account by its login name only.

        allauth also accepts pending addresses: a typing error in one of those would
        hand the account to whoever reads that mailbox.
        """
        email: str = get_adapter().clean_email(self.cleaned_data["email"])
        self.users = list(User.objects.filter(email=email, is_active=True))
        return email

    def save(self, request: HttpRequest, **kwargs: object) -> str:
        """Send the mail, with the same queries for known and unknown addresses."""
        email: str = self.cleaned_data["email"]
        events.record_attempt(
            email, SecurityEvent.Kind.RESET_REQUESTED, at=timezone.now()
        )
        super().save(request, **kwargs)
        return email


class PasswordResetKeyForm(_NewPassword, allauth.ResetPasswordKeyForm):
    """The new password, on the page that the mailed link leads to."""

    def save(self) -> None:
        """Set the password, and suspend every linked identity with it.

        The link proves who reads the mailbox, not who linked the identities.

        Raises:
            CredentialEnded: the link was used, or voided, since it was checked.
        """
        assert isinstance(self.user, User)
        # Hashed before the transaction, so that no lock is held meanwhile.
        password_hash = hashed(self.cleaned_data["password1"])
        now = timezone.now()
        with transaction.atomic():
            store_password(
                user=self.user, password_hash=password_hash, at=now, by_mail=True
            )
            suspended = suspend_all(user=self.user, at=now)
        if suspended:
            messages.warning(
                get_adapter().request,
                "Your connected sign-ins are paused. Sign in, then keep or disconnect"
                " each of them.",
            )


class PasswordConfirmForm(allauth.ReauthenticateForm):
    """The password once more, before something that can't be undone."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"] = PasswordField(label="Your password")


# --- Our own --------------------------------------------------------------------


class PresentedTokenForm(forms.Form):
    """A token of the identity to link, verified while the form is checked."""

    token = forms.CharField(
        label="Token",
        strip=True,
        max_length=MAX_TOKEN_LENGTH,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="The response of /api/auth/token on that server. It is not stored.",
    )

    def clean_token(self) -> VerifiedToken:
        """Return the verified token, or say why it is not accepted."""
        now = timezone.now().timestamp()
        try:
            return verify(self.cleaned_data["token"], now=now)
        except TokenRejected as exc:
            raise ValidationError(
                "This token is not valid. Get a new token and paste all of it.",
                code="token_not_valid",
            ) from exc
        except KeysUnavailable as exc:
            raise ValidationError(
                "The other service can't be reached. Try again later.",
                code="unavailable",
            ) from exc
