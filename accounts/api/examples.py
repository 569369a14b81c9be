"""What requests and answers of accounts look like, for the OpenAPI document."""

from typing import Any

_user = {
    "id": "01a204a3-76d2-7056-87fe-4b965fc9dfef",
    "email": "ada@example.com",
    "display_name": "Ada",
    "timezone": "Europe/London",
    "day_start": 0,
    "week_start": "monday",
    "theme": "system",
    "reminder_mails": True,
}
_pair = {"access": "eyJ…", "refresh": "eyJ…"}
_sign_in = {"email": "ada@example.com", "password": "three green bicycles"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "RegisterRequest": _sign_in,
    "Registered": {"user": _user, **_pair},
    "Mailed": {"detail": "Follow the link that we mailed to this address."},
    "SignInRequest": _sign_in,
    "TokenPair": _pair,
    "RefreshRequest": {"refresh": "eyJ…"},
    "PasswordChangeRequest": {
        "old_password": "three green bicycles",
        "new_password": "four yellow submarines",
    },
    "User": _user,
    "PatchedUserRequest": {"display_name": "Ada", "timezone": "Europe/London"},
}

PARAMETERS: dict[str, dict[str, Any]] = {
    "user_id": {
        "description": "The caller's id, or `me`.",
        "example": "me",
    },
}
