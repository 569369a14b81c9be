"""Examples of the requests and responses of accounts, for the OpenAPI document."""

from config.json import JSONObject

_user = {
    "id": "01a204a3-76d2-7056-87fe-4b965fc9dfef",
    "email": "ada@example.com",
    "display_name": "Ada",
    "timezone": "Europe/London",
    "day_start": 0,
    "week_start": "monday",
    "theme": "system",
    "clock": "24h",
    "density": "comfortable",
    "letter_keys": True,
    "show_statistics": True,
    "reminder_mails": True,
}
_pair = {"access": "eyJ…", "refresh": "eyJ…"}
_sign_in = {"email": "ada@example.com", "password": "three green bicycles"}

_credential = {
    "id": "session-01a204a3-76d2-7056-87fe-4b965fc9dfee",
    "kind": "session",
    "name": "Firefox on Windows",
    "may": "Everything in your account",
    "created_at": "2027-02-27T08:00:00Z",
    "last_used_at": "2027-02-28T09:15:00Z",
    "device": "Firefox on Windows",
    "network": "203.0.113.0/24",
    "expires_at": "2027-03-13T08:00:00Z",
    "is_current": True,
}

EXAMPLES: dict[str, JSONObject] = {
    "RegisterRequest": _sign_in,
    "Registered": {"user": _user, **_pair},
    "Mailed": {"detail": "Verify your address: follow the link in our e-mail."},
    "SignInRequest": _sign_in,
    "ExchangeRequest": {"code": "492039"},
    "TokenPair": _pair,
    "RefreshRequest": {"refresh": "eyJ…"},
    "PasswordChangeRequest": {
        "old_password": "three green bicycles",
        "new_password": "four yellow submarines",
    },
    "CredentialPage": {"next": None, "previous": None, "results": [_credential]},
    "User": _user,
    "PatchedUserRequest": {"display_name": "Ada", "timezone": "Europe/London"},
}

PARAMETERS: dict[str, JSONObject] = {
    "credential_id": {
        "description": "The id of a credential of the user.",
        "example": _credential["id"],
    },
    "user_id": {
        "description": "The id of the signed-in user, or `me`.",
        "example": "me",
    },
}
