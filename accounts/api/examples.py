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

EXAMPLES: dict[str, JSONObject] = {
    "RegisterRequest": _sign_in,
    "Registered": {"user": _user, **_pair},
    "Mailed": {"detail": "Verify your address: follow the link in our e-mail."},
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

PARAMETERS: dict[str, JSONObject] = {
    "user_id": {
        "description": "The id of the signed-in user, or `me`.",
        "example": "me",
    },
}
