"""Accounts."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.contrib.auth.models import BaseUserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from uuid_utils.compat import uuid7

from accounts.addresses import MAX_LENGTH as EMAIL_MAX_LENGTH
from accounts.addresses import validate_new_address
from accounts.passwords import hashed, normalised, unicode_forms
from config.api.problems import Unavailable

# What a request needs of its user: identity, permission to act, and calendar.
REQUEST_FIELDS = (
    "id",
    "email",
    "is_active",
    "is_staff",
    "credential_epoch",
    "credentials_ended_at",
    "factor_since",
    "timezone",
    "day_start",
)


@cache
def known_timezones() -> frozenset[str]:
    """Return the IANA names that this host knows; cached, as it reads the disk."""
    return frozenset(zoneinfo.available_timezones())


def validate_timezone(name: str) -> None:
    """Check that the name is an IANA time zone that this host knows.

    Raises:
        ValidationError: with code `unknown_timezone`.
    """
    if name not in known_timezones():
        raise ValidationError(
            "Use an IANA time zone name such as Europe/Berlin.",
            code="unknown_timezone",
        )


class UserManager(DjangoUserManager["User"]):
    def get_by_natural_key(self, email: str | None) -> User:
        """Find a user by e-mail, without regard to case."""
        return self.get(email=(email or "").lower())

    def create_user(
        self, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        """Store a new user; without a password, they can't sign in by password."""
        user = self.model(email=email.lower() if email else None, **fields)
        user.password = hashed(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Store a new user who may do everything in the admin, and sees no task text.

        The address counts as verified: whoever runs this command is trusted, and must
        be able to sign in before a mail server is configured.
        """
        from accounts import emails  # which refers to User

        with transaction.atomic(using=self._db):
            user = self.create_user(
                email, password, is_staff=True, is_superuser=True, **fields
            )
            emails.add(user, is_verified=True, using=self._db)
        return user


# The value of `delete_after` once rows of the account are being deleted: from then on
# the deletion can't be cancelled.
DELETION_STARTED = datetime(1970, 1, 1, tzinfo=UTC)


class User(AbstractBaseUser, PermissionsMixin):
    """An account of a user or a member of support staff.

    E-mail is the login name, stored in lower case. It may be absent for a user who came
    through an external issuer.
    """

    class WeekStart(models.TextChoices):
        MONDAY = "monday"
        SATURDAY = "saturday"
        SUNDAY = "sunday"

    class Theme(models.TextChoices):
        SYSTEM = "system", "As my device"
        LIGHT = "light"
        DARK = "dark"

    class TimeFormat(models.TextChoices):
        HOURS_24 = "24h", "24 hours: 17:30"
        HOURS_12 = "12h", "12 hours: 5:30 pm"

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable"
        COMPACT = "compact"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(
        "e-mail",
        max_length=EMAIL_MAX_LENGTH,
        unique=True,
        null=True,
        blank=True,
        validators=[validate_new_address],
        error_messages={"unique": "An account with this address already exists."},
    )
    # It checks length and syntax as well, so an error has one message.
    email.validators = [validate_new_address]
    display_name = models.CharField(max_length=100, blank=True)
    timezone = models.CharField(
        max_length=64, default="UTC", validators=[validate_timezone]
    )
    day_start = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(23)],
        help_text="The hour at which a new day begins, 0 to 23.",
    )
    week_start = models.CharField(
        max_length=8, choices=WeekStart.choices, default=WeekStart.MONDAY
    )
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    clock = models.CharField(
        max_length=3,
        choices=TimeFormat.choices,
        default=TimeFormat.HOURS_24,
        db_default=TimeFormat.HOURS_24,
    )
    density = models.CharField(
        max_length=11,
        choices=Density.choices,
        default=Density.COMFORTABLE,
        db_default=Density.COMFORTABLE,
    )
    letter_keys = models.BooleanField(default=True, db_default=True)
    show_statistics = models.BooleanField(default=True, db_default=True)
    reminder_mails = models.BooleanField(default=True, db_default=True)

    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    credential_epoch = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Every credential carries it; raising it ends all of them.",
    )
    credentials_ended_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the epoch was last raised: ends older external tokens.",
    )
    factor_since = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when a second factor is required; empty if there is none.",
    )
    delete_after = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Set when the user requests deletion: the account is deleted then.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    # No column: the lists that the credential of the request is limited to, or None.
    # `owned_by` leaves out everything else.
    visible_lists: frozenset[UUID] | None = None
    # The public id of the browser session that this instance was loaded for.
    session_id: UUID | None = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        permissions = [
            ("deactivate_user", "Can deactivate and reactivate a user"),
            ("send_password_reset", "Can send a user the mail to reset the password"),
            ("sign_out_user", "Can sign a user out everywhere"),
            ("look_at_tasks", "Can look at tasks while their user allows it"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(email__isnull=True) | Q(email=Lower("email")),
                name="accounts_user_email_lower_case",
            ),
            models.CheckConstraint(
                condition=Q(day_start__lte=23), name="accounts_user_day_start_in_day"
            ),
        ]

    def __str__(self) -> str:
        # Not the e-mail: this text reaches logs and titles.
        return f"user {self.pk}"

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower() if self.email else None

    def sees_list(self, list_id: UUID) -> bool:
        """Whether the credential of the request is not limited to other lists."""
        return self.visible_lists is None or list_id in self.visible_lists

    @property
    def is_leaving(self) -> bool:
        """Whether the account waits for its deletion, which can still be cancelled."""
        return not self.is_active and self.delete_after not in {None, DELETION_STARTED}

    @cached_property
    def zone(self) -> tzinfo:
        """The user's time zone."""
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def has_factor(self) -> bool:
        """Whether a sign-in requires a second factor: a passkey, or a code of an app.

        `accounts.factors` keeps the column behind it, so that no request needs a query.
        """
        return self.factor_since is not None

    def set_password(self, raw_password: str | None) -> None:
        """Change the password and, once saved, end every credential of the user."""
        super().set_password(raw_password and normalised(raw_password))
        self.credential_epoch += 1
        self.credentials_ended_at = timezone.now()

    def check_password(self, raw_password: str | None) -> bool:
        """Compare the password, and upgrade its hash if the settings require it.

        An upgrade is not a change of password: it ends no credential. If no slot for
        hashing is free, it is left to the next sign-in. It replaces only the hash that
        was compared, because the password may be reset meanwhile.
        """
        compared = self.password

        def upgrade(raw_password: str) -> None:
            try:
                upgraded = hashed(raw_password)
            except Unavailable:
                return
            same = User.objects.filter(pk=self.pk, password=compared)
            if same.update(password=upgraded):
                self.password = upgraded

        if not raw_password:
            return check_password(raw_password, self.password)
        first, *others = unicode_forms(raw_password)
        if check_password(first, self.password, upgrade):
            return True
        is_older = any(check_password(one, self.password) for one in others)
        if is_older:
            upgrade(raw_password)
        return is_older

    def get_session_auth_hash(self) -> str:
        """Bind browser sessions to the credential epoch, which a new password raises.

        The password's hash would not do, because an upgrade replaces it as well.
        """
        return self._session_hash(str(self.credential_epoch))

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Accept sessions of an earlier `SECRET_KEY` that is still configured.

        Sessions from before the password's hash was left out are accepted as well.
        """
        epoch = str(self.credential_epoch)
        for secret in [None, *settings.SECRET_KEY_FALLBACKS]:
            yield self._session_hash(epoch, secret)
            yield self._session_hash(f"{epoch}:{self.password}", secret)

    def _session_hash(self, value: str, secret: str | None = None) -> str:
        return salted_hmac(
            "accounts.User.session", value, secret=secret, algorithm="sha256"
        ).hexdigest()
