"""The encryption of second factors at rest, through which allauth stores its own.

What a code is computed from is worth as much as a password, but can't be hashed. Its
key is not in the database, so a copy of the database alone yields no code.
"""

from base64 import urlsafe_b64encode
from functools import cache

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.signals import setting_changed


class Undecryptable(Exception):
    """A secret was encrypted under a key that is not configured any more."""


@cache
def _keys() -> MultiFernet:
    """Return the configured keys; the first encrypts, and all of them decrypt."""
    values = [settings.FACTOR_ENCRYPTION_KEY, *settings.FACTOR_ENCRYPTION_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(value)) for value in values])


def _derived(value: str) -> bytes:
    derivation = HKDF(SHA256(), length=32, salt=None, info=b"ownlist second factors")
    return urlsafe_b64encode(derivation.derive(value.encode()))


def _forget_settings(*, setting: str, **kwargs: object) -> None:
    if setting.startswith("FACTOR_ENCRYPTION_KEY"):
        _keys.cache_clear()


setting_changed.connect(_forget_settings)


def encrypt(text: str) -> str:
    """Encrypt a secret under the current key."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Decrypt a secret.

    Raises:
        Undecryptable: no configured key fits.
    """
    try:
        return _keys().decrypt(encrypted).decode()
    except InvalidToken as exc:
        raise Undecryptable from exc


def rotated(encrypted: str) -> str:
    """Encrypt what is encrypted under any configured key under the current one.

    Raises:
        Undecryptable: as `decrypt` does.
    """
    try:
        return _keys().rotate(encrypted).decode()
    except InvalidToken as exc:
        raise Undecryptable from exc


class FactorAdapter(DefaultMFAAdapter):
    """Makes allauth encrypt with our keys."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)
