"""Personal access tokens for tests."""

from datetime import timedelta

from django.utils import timezone

from accounts import personal_tokens
from config.api.scopes import SCOPES


def token_of(user, *scopes, lists=None, days=30, name="backup script", at=None):
    """Return a new token of the user and its text; by default with every scope."""
    at = at or timezone.now()
    limits = personal_tokens.Limits(
        scopes or tuple(SCOPES), at + timedelta(days=days), lists
    )
    return personal_tokens.create(user=user, name=name, limits=limits, at=at)


def text_of(user, *scopes, **options):
    """Return the text of a new token."""
    return token_of(user, *scopes, **options)[1]
