"""Users, how they sign in, and what happened to their accounts."""

from accounts.models.browser_session import BrowserSession
from accounts.models.ended_session import EndedSession
from accounts.models.linked_identity import LinkedIdentity
from accounts.models.personal_access_token import (
    TOKEN_NAME_MAX_LENGTH,
    PersonalAccessToken,
)
from accounts.models.refresh_family import RefreshFamily, RefreshFamilyQuerySet
from accounts.models.security_event import Chain, EventChain, SecurityEvent
from accounts.models.support_grant import (
    REASON_MAX_LENGTH,
    SupportGrant,
    SupportLook,
)
from accounts.models.trusted_browser import TrustedBrowser
from accounts.models.user import (
    DELETION_STARTED,
    REQUEST_FIELDS,
    User,
    UserManager,
    known_timezones,
    validate_timezone,
)

__all__ = [
    "DELETION_STARTED",
    "REASON_MAX_LENGTH",
    "REQUEST_FIELDS",
    "Chain",
    "TOKEN_NAME_MAX_LENGTH",
    "BrowserSession",
    "EndedSession",
    "EventChain",
    "LinkedIdentity",
    "PersonalAccessToken",
    "RefreshFamily",
    "RefreshFamilyQuerySet",
    "SecurityEvent",
    "SupportGrant",
    "SupportLook",
    "TrustedBrowser",
    "User",
    "UserManager",
    "known_timezones",
    "validate_timezone",
]
