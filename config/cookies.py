"""The cookies of this service beside Django's own, which the settings describe.

All have the same attributes: for this host only, over https where the service has it,
hidden from scripts, and not sent with what other sites request.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase


def set_cookie(
    response: HttpResponseBase, name: str, value: str, *, max_age: int
) -> None:
    """Keep a value in the browser for so many seconds."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@dataclass(frozen=True, slots=True)
class SignedCookie:
    """A cookie that only this service can write, and everybody can read."""

    setting: str  # of its name
    salt: str
    max_age: int  # seconds
    max_length: int  # characters; nothing longer is read

    @property
    def name(self) -> str:
        """The name of the cookie."""
        return str(getattr(settings, self.setting))

    def read(self, request: HttpRequest) -> str:
        """Return the value, or nothing if it is missing, forged or too old."""
        if len(request.COOKIES.get(self.name, "")) > self.max_length:
            return ""
        value = request.get_signed_cookie(
            self.name, default="", salt=self.salt, max_age=self.max_age
        )
        return str(value)

    def write(self, response: HttpResponseBase, value: str) -> None:
        """Keep the value in the browser."""
        signer = signing.get_cookie_signer(salt=self.name + self.salt)
        set_cookie(response, self.name, signer.sign(value), max_age=self.max_age)
