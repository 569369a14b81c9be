"""What the account endpoints take and give."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.addresses import MAX_LENGTH as EMAIL_MAX_LENGTH
from accounts.addresses import ascii_email, validate_new_address
from accounts.models import User, validate_timezone
from accounts.passwords import MAX_LENGTH, normalised
from config.api.fields import TrueOrFalseField, WholeNumberField
from config.text import TextField


class EmailField(serializers.EmailField):
    """An address in plain ASCII, read in lower case."""

    check: Callable[[str], None] = ascii_email

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=EMAIL_MAX_LENGTH, validators=[self.check], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        # Some characters that are not ASCII become so in lower case, as the Kelvin
        # sign does. They are left for the check to refuse.
        return text.lower() if text.isascii() else text


class NewEmailField(EmailField):
    """An address that becomes that of an account."""

    check = staticmethod(validate_new_address)


class PasswordField(serializers.CharField):
    """A password as it was typed: neither trimmed nor changed, nor ever shown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=MAX_LENGTH, trim_whitespace=False, write_only=True, **kwargs
        )

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class NewPasswordField(PasswordField):
    """A password that is yet to be held against the validators of the settings."""

    schema_keywords = {"minLength": settings.PASSWORD_MIN_LENGTH}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return it as it is stored, so that the rules are held against that."""
        return normalised(super().run_validation(data))


class RegisterSerializer(serializers.Serializer[Any]):
    email = NewEmailField()
    password = NewPasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(
            attrs["password"], user=User(email=attrs["email"]), field="password"
        )
        return attrs


class SignInSerializer(serializers.Serializer[Any]):
    email = EmailField()
    password = PasswordField()


class RefreshSerializer(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4096)


class PasswordChangeSerializer(serializers.Serializer[Any]):
    old_password = PasswordField()
    new_password = NewPasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_new_password(
            attrs["new_password"], user=self.context["user"], field="new_password"
        )
        return attrs


def check_new_password(password: str, *, user: User, field: str) -> None:
    """Hold a password against the validators of the settings.

    Raises:
        serializers.ValidationError: under `field`, with every reason.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from error


class TokenPairSerializer(serializers.Serializer[Any]):
    """An access token for the requests, and a refresh token for the next pair."""

    access = serializers.CharField(
        read_only=True, help_text="For `Authorization: Bearer`; good for minutes."
    )
    refresh = serializers.CharField(read_only=True, help_text="To be spent once.")


class UserSerializer(serializers.Serializer[User]):
    """The account of the signed-in user."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(read_only=True, allow_null=True)
    display_name = TextField(max_length=100, allow_blank=True)
    timezone = TextField(
        max_length=64,
        validators=[validate_timezone],
        help_text="An IANA zone, such as `Europe/Berlin`.",
    )
    day_start = WholeNumberField(
        min_value=0, max_value=23, help_text="The hour at which a new day begins."
    )
    week_start = serializers.ChoiceField(User.WeekStart.choices)
    theme = serializers.ChoiceField(User.Theme.choices)
    reminder_mails = TrueOrFalseField(help_text="Whether reminders come by mail.")


class RegisteredSerializer(serializers.Serializer[Any]):
    """The new account, signed in."""

    user = UserSerializer(read_only=True)
    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class MailedSerializer(serializers.Serializer[Any]):
    """Where the address must be verified first; the same for every address."""

    detail = serializers.CharField(read_only=True)
