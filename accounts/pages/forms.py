"""What people fill in on the account pages."""

from datetime import time
from functools import cache
from importlib import resources
from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import emails, events
from accounts.addresses import MAX_LENGTH as EMAIL_MAX_LENGTH
from accounts.addresses import ascii_email, validate_new_address
from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.identities import suspend_all
from accounts.better_auth.verifier import MAX_TOKEN_LENGTH, VerifiedToken, verify
from accounts.credentials import lock_if_current, store_password
from accounts.models import (
    SecurityEvent,
    User,
    validate_timezone,
)
from accounts.passwords import MAX_LENGTH, hashed, normalised
from accounts.registration import is_verification_mandatory, register
from config.text import TextFormField

PASSWORD_HINT = (
    f"At least {settings.PASSWORD_MIN_LENGTH} characters. "
    "Several words make a good password."
)


class EmailField(forms.EmailField):
    """An address in plain ASCII, read in lower case.

    The check comes before the lowering: that turns some foreign letters, as the
    Kelvin sign, into ours.
    """

    def __init__(self, *, new: bool = False, **kwargs: Any) -> None:
        """A `new` one becomes the address of an account; others are looked up."""
        self.check = validate_new_address if new else ascii_email
        super().__init__(max_length=EMAIL_MAX_LENGTH, **kwargs)
        self.widget.attrs |= {"autocomplete": "email", "autocapitalize": "none"}

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        self.check(address)
        return address.lower()


class PasswordField(forms.CharField):
    """A password as it was typed: neither trimmed nor shown again.

    A new one says what is asked of it. The browser is not told a largest length: it
    would cut a pasted password without a word.
    """

    widget = forms.PasswordInput

    def __init__(self, *, new: bool = False, **kwargs: Any) -> None:
        if new:
            kwargs.setdefault("help_text", PASSWORD_HINT)
        self.is_new = new
        super().__init__(strip=False, **kwargs)
        self.widget.attrs["autocomplete"] = (
            "new-password" if new else "current-password"
        )
        if new:
            self.widget.attrs["minlength"] = settings.PASSWORD_MIN_LENGTH

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > MAX_LENGTH:
            raise ValidationError(
                f"Use at most {MAX_LENGTH} characters.", code="password_too_long"
            )

    def clean(self, value: Any) -> str:
        """Return a new one as it is stored, so that the rules are held against that."""
        password: str = super().clean(value)
        return normalised(password) if self.is_new else password


# --- allauth's forms, in our words ---------------------------------------------


class SignInForm(allauth.LoginForm):  # type: ignore[misc]  # untyped
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = EmailField(label="E-mail")
        self.fields["password"] = PasswordField(label="Password")
        self.fields["remember"].label = "Keep me signed in for two weeks"


class SignUpForm(allauth.SignupForm):  # type: ignore[misc]  # untyped
    """E-mail and password. A script fills in the zone of the person's device."""

    timezone = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="E-mail", new=True)
        self.fields["password1"] = PasswordField(label="Password", new=True)

    def clean_email(self) -> str:
        """Say that an address is taken, where nothing else can be said.

        Where it is verified first, the same happens for every address.
        """
        email: str = allauth.get_adapter().clean_email(self.cleaned_data["email"])
        if (
            not is_verification_mandatory()
            and User.objects.filter(email=email).exists()
        ):
            raise allauth.get_adapter().validation_error("email_taken")
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, Any]:
        """Make the account as the API does, where its mailbox has to answer first.

        allauth hashes no password for a known address, and the time would tell.
        """
        if not is_verification_mandatory():
            saved: tuple[User | None, Any] = super().try_save(request)
            return saved
        user = register(
            request,
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            timezone=self.cleaned_data["timezone"],
        )
        adapter = allauth.get_adapter()
        return user, adapter.respond_email_verification_sent(request, user)

    def clean_timezone(self) -> str:
        """Take a zone that we know, and never refuse a person for their device's."""
        name: str = self.cleaned_data["timezone"]
        try:
            validate_timezone(name)
        except ValidationError:
            return "UTC"
        return name

    def signup(self, request: HttpRequest, user: User) -> None:
        user.timezone = self.cleaned_data["timezone"]
        user.save(update_fields=["timezone"])


class EmailChangeForm(allauth.AddEmailForm):  # type: ignore[misc]  # untyped
    email = EmailField(label="New e-mail address", new=True)

    def clean_email(self) -> str:
        """Refuse an address that this account has; say nothing of those of others.

        allauth looks them up as well, more often where there are none.
        """
        adapter = allauth.get_adapter()
        email: str = adapter.clean_email(self.cleaned_data["email"])
        if emails.has_address(self.user, email):
            raise adapter.validation_error("duplicate_email")
        return email

    def save(self, request: HttpRequest) -> Any:
        """Keep the new address beside the one in use until its mailbox answers.

        allauth would let go of an address in use that was never verified, and leave
        the person without any.
        """
        with transaction.atomic():
            lock_if_current(self.user)
            address = emails.set_pending_address(self.user, self.cleaned_data["email"])
        emails.send_verification_link(request, address)
        return address


class _NewPassword(forms.Form):
    """One field for a new password, held against the rules of the settings."""

    user: User
    password1 = PasswordField(label="New password", new=True)

    def clean_password1(self) -> str:
        password: str = allauth.get_adapter().clean_password(
            self.cleaned_data["password1"], user=self.user
        )
        return password


class PasswordChangeForm(_NewPassword, allauth.ChangePasswordForm):  # type: ignore[misc]  # untyped
    oldpassword = PasswordField(label="Current password")
    password2 = None
    field_order = ("oldpassword", "password1")

    def clean_oldpassword(self) -> str:
        """Compare it within the limits on guesses of somebody who is signed in."""
        password: str = self.cleaned_data["oldpassword"]
        adapter = allauth.get_adapter()
        if not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("enter_current_password")
        return password


class PasswordSetForm(_NewPassword, allauth.SetPasswordForm):  # type: ignore[misc]  # untyped
    password2 = None


class PasswordResetForm(allauth.ResetPasswordForm):  # type: ignore[misc]  # untyped
    users: list[User]
    email = EmailField(label="E-mail")

    def clean_email(self) -> str:
        """Find the account by the address it signs in with, and by no other.

        allauth also takes addresses that are asked for and not verified: a slip of
        the keyboard there would hand the account to whoever has that mailbox.
        """
        email: str = allauth.get_adapter().clean_email(self.cleaned_data["email"])
        self.users = list(User.objects.filter(email=email, is_active=True))
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the mail; known and unknown addresses cost the same statements."""
        email: str = self.cleaned_data["email"]
        events.note_attempt(
            email, SecurityEvent.Kind.RESET_REQUESTED, at=timezone.now()
        )
        super().save(request, **kwargs)
        return email


class PasswordResetKeyForm(_NewPassword, allauth.ResetPasswordKeyForm):  # type: ignore[misc]  # untyped
    password2 = None

    def save(self) -> None:
        """Set the password, and suspend every connected sign-in with it.

        The link proves who has the mailbox, not who connected them.

        Raises:
            CredentialEnded: the link was used, or voided, since it was checked.
        """
        # Before the transaction: nobody waits for a lock while a password is hashed.
        password_hash = hashed(self.cleaned_data["password1"])
        now = timezone.now()
        with transaction.atomic():
            store_password(user=self.user, password_hash=password_hash, at=now)
            suspended = suspend_all(user=self.user, at=now)
        if suspended:
            messages.warning(
                get_adapter().request,
                "Your connected sign-ins are paused. Sign in, then keep or disconnect"
                " each.",
            )


class PasswordConfirmForm(allauth.ReauthenticateForm):  # type: ignore[misc]  # untyped
    """The person's password once more, before something that can't be taken back."""

    password = PasswordField(label="Your password")


# --- Our own --------------------------------------------------------------------


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # not at run time
    instance: User
    display_name = TextFormField(
        max_length=100,
        required=False,
        label="Your name",
        help_text="Shown to you and nobody else.",
    )
    day_start = forms.TypedChoiceField(
        coerce=int,
        choices=[(hour, time(hour).strftime("%H:%M")) for hour in range(24)],
        label="A new day begins at",
        help_text="Night owls: until then, Today is still yesterday.",
    )

    class Meta:
        model = User
        fields = (
            "display_name",
            "timezone",
            "day_start",
            "week_start",
            "theme",
            "reminder_mails",
        )
        labels = {
            "week_start": "A week begins on",
            "theme": "Colours",
            "reminder_mails": "Send me mails for reminders",
        }
        help_texts = {
            "week_start": "For quick add, imports and programs that show weeks.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = time_zones()
        current = self.instance.timezone
        if not any(current == name for _, group in zones for name, _ in group):
            zones = (("Now", ((current, current),)), *zones)
        self.fields["timezone"] = forms.ChoiceField(choices=zones, label="Time zone")

    def save(self, commit: bool = True) -> User:
        """Write what the form shows, and leave the rest as others wrote it."""
        self.instance.save(update_fields=[*self.Meta.fields, "updated_at"])
        return self.instance


Choices = tuple[tuple[str, str], ...]


@cache
def time_zones() -> tuple[tuple[str, Choices], ...]:
    """Return the zones to choose from, by continent: (group, ((name, label), …)).

    One for each country and region, from the table made for this purpose; the full
    list of names is twice as long, with every name that ever was.
    """
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line[:1] != "#")
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(row[2] for row in rows):
        continent, _, place = name.partition("/")
        label = place.replace("_", " ").replace("/", ", ")
        groups.setdefault(continent, []).append((name, label))
    return (
        ("Everywhere", (("UTC", "UTC"),)),
        *((continent, tuple(zones)) for continent, zones in groups.items()),
    )


class PresentedTokenForm(forms.Form):
    """A token of an outside sign-in, verified while the form is checked."""

    token = forms.CharField(
        label="Token",
        strip=True,
        max_length=MAX_TOKEN_LENGTH,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="The token that /api/auth/token gives you there. It is not stored.",
    )

    def clean_token(self) -> VerifiedToken:
        """Return what the token proves; say why where it proves nothing."""
        now = timezone.now().timestamp()
        try:
            return verify(self.cleaned_data["token"], now=now)
        except TokenRejected as exc:
            raise ValidationError(
                "This token is not accepted. Get a new one and paste it whole.",
                code="token_not_valid",
            ) from exc
        except KeysUnavailable as exc:
            raise ValidationError(
                "The other service can't be reached. Try again in a moment.",
                code="unavailable",
            ) from exc
