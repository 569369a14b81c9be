"""The requests and responses of the account endpoints."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.addresses import MAX_LENGTH as EMAIL_MAX_LENGTH
from accounts.addresses import ascii_email, validate_address, validate_new_address
from accounts.factors import MAX_CODE_LENGTH
from accounts.models import User, validate_timezone
from accounts.passwords import MAX_LENGTH, normalised
from config.api.fields import TrueOrFalseField, WholeNumberField
from config.json import JSONObject
from config.text import TextField


class EmailField(serializers.EmailField):
    """An e-mail address in ASCII, converted to lower case.

    It is checked before the conversion, which turns some other letters into ASCII, such
    as the Kelvin sign. The validators of the framework run later and describe the field
    in the schema. They find nothing more, so an error has one message.
    """

    check: Callable[[str], None] = staticmethod(validate_address)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=EMAIL_MAX_LENGTH, **kwargs)

    def to_internal_value(self, data: str) -> str:
        address = super().to_internal_value(data)
        self.check(address)
        return address.lower()


class NewEmailField(EmailField):
    """The address of a new account."""

    check = staticmethod(validate_new_address)


class PasswordField(serializers.CharField):
    """A password: not trimmed, not changed, and never in a response."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=MAX_LENGTH, trim_whitespace=False, write_only=True, **kwargs
        )

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class NewPasswordField(PasswordField):
    """A new password, which the validators of the settings must accept."""

    schema_keywords = {"minLength": settings.PASSWORD_MIN_LENGTH}

    def run_validation(self, data: object = serializers.empty) -> Any:
        """Return the normalised password, which is what the validators check."""
        return normalised(super().run_validation(data))


class ChangedPasswordField(NewPasswordField):
    """A new password of a user who may have a second factor."""

    schema_keywords = {"minLength": settings.PASSWORD_MIN_LENGTH_WITH_FACTOR}


class RegisterSerializer(serializers.Serializer[None]):
    email = NewEmailField()
    password = NewPasswordField()

    def validate(self, attrs: JSONObject) -> JSONObject:
        check_new_password(
            attrs["password"], user=User(email=attrs["email"]), field="password"
        )
        return attrs


class CodeField(serializers.CharField):
    """A code of the second step, with the spaces that it was shown with."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=MAX_CODE_LENGTH,
            allow_blank=True,
            help_text="Of the authenticator app, or a recovery code.",
            **kwargs,
        )


class SignInSerializer(serializers.Serializer[None]):
    email = EmailField(validators=[ascii_email])
    password = PasswordField()
    code = CodeField(required=False)


class ExchangeSerializer(serializers.Serializer[None]):
    code = CodeField(required=False)


class RefreshSerializer(serializers.Serializer[None]):
    refresh = serializers.CharField(max_length=4096)


class PasswordChangeSerializer(serializers.Serializer[None]):
    old_password = PasswordField()
    new_password = ChangedPasswordField()

    def validate(self, attrs: JSONObject) -> JSONObject:
        check_new_password(
            attrs["new_password"], user=self.context["user"], field="new_password"
        )
        return attrs


def check_new_password(password: str, *, user: User, field: str) -> None:
    """Check a password with the validators of the settings.

    Raises:
        serializers.ValidationError: under `field`, with every reason.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from error


class TokenPairSerializer(serializers.Serializer[None]):
    """An access token for requests, and a refresh token for the next pair."""

    access = serializers.CharField(
        read_only=True, help_text="For `Authorization: Bearer`; valid for minutes."
    )
    refresh = serializers.CharField(read_only=True, help_text="Valid once.")


class UserSerializer(serializers.Serializer[User]):
    """The account of the signed-in user."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(read_only=True, allow_null=True)
    display_name = TextField(max_length=100, allow_blank=True)
    timezone = TextField(
        max_length=64,
        validators=[validate_timezone],
        help_text="An IANA time zone, such as `Europe/Berlin`.",
    )
    day_start = WholeNumberField(
        min_value=0, max_value=23, help_text="The hour at which a new day starts."
    )
    week_start = serializers.ChoiceField(User.WeekStart.choices)
    theme = serializers.ChoiceField(User.Theme.choices)
    clock = serializers.ChoiceField(
        User.TimeFormat.choices, help_text="How the pages show times."
    )
    density = serializers.ChoiceField(
        User.Density.choices, help_text="The height of rows on the pages."
    )
    letter_keys = TrueOrFalseField(
        help_text="Whether single letters are shortcuts on the pages."
    )
    show_statistics = TrueOrFalseField(help_text="Whether the pages show statistics.")
    reminder_mails = TrueOrFalseField(help_text="Whether reminders are sent by e-mail.")


class RegisteredSerializer(serializers.Serializer[None]):
    """The new account, with tokens."""

    user = UserSerializer(read_only=True)
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class MailedSerializer(serializers.Serializer[None]):
    """The answer if the address must be verified first, also for a known address."""

    detail = serializers.CharField(read_only=True)
