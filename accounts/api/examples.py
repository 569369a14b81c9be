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

_event = {
    "id": "01a204a3-76d2-7056-87fe-4b965fc9dfed",
    "kind": "signed_in",
    "at": "2027-02-28T09:15:00.000000+00:00",
    "what": "Signed in",
    "detail": "Firefox on Windows",
    "is_by_support": False,
    "about": "Firefox on Windows",
    "by": None,
    "request_id": "6cfe4ce3a4a74f2aa3a8a4de6bb4d59d",
    "user": _user["id"],
    "chain": "account",
    "number": 2,
    "previous": "1f9a1ff0e7c4bfc7a0dca0b4fd5eb1cdcc3aa3a50e0a2a8d0b6f5ff4d7cc1d8e",
    "digest": "8b5a6d6dd0bd1b5b1f9d1e66fcb5fe4d6ad7f5f4a9b1f7f0c9f6a8d8f4d3f0a7",
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
    "SecurityEventPage": {"next": None, "previous": None, "results": [_event]},
    "PartSecurityEventPage": {
        "next": None,
        "previous": None,
        "results": [{"what": "Signed in", "detail": "Firefox on Windows"}],
    },
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
