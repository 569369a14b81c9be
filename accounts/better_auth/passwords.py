"""Better Auth's password hashes, so that imported users keep their passwords.

Measured on Better Auth 1.7: `<32 hex>:<128 hex>`, scrypt with N=16384, r=16, p=1 and
64 bytes. The salt is the text of the 32 hex digits, not the 16 bytes they encode.
The password goes in as NFKC, in UTF-8, a lone surrogate as U+FFFD.
"""

import binascii
import hashlib
import re
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare

STORED = re.compile(r"([0-9a-f]{32}):([0-9a-f]{128})")
COST, BLOCK_SIZE, PARALLELISM, LENGTH = 16384, 16, 1, 64
MEMORY = 64 * 1024 * 1024  # bytes; OpenSSL's own limit of 32 MiB is just too small


class BetterAuthPasswordHasher(BasePasswordHasher):
    """Verifies imported hashes; the next sign-in replaces them with our own.

    They are stored as `better_auth$<salt>$<hash>`, both in base64url: 121 characters,
    while the hexadecimal form of Better Auth would not fit into Django's column.
    """

    algorithm = "better_auth"

    def salt(self) -> str:
        return _base64url(secrets.token_bytes(16))

    def encode(self, password: str, salt: str) -> str:
        digest = _scrypt(password, urlsafe_b64decode(salt + "==").hex())
        return f"{self.algorithm}${salt}${_base64url(digest)}"

    def decode(self, encoded: str) -> dict[str, str]:
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        again = self.encode(password, self.decode(encoded)["salt"])
        return constant_time_compare(encoded, again)

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        decoded = self.decode(encoded)
        return {
            "algorithm": decoded["algorithm"],
            "salt": mask_hash(decoded["salt"]),
            "hash": mask_hash(decoded["hash"]),
        }

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: the cost of these hashes is fixed."""


def imported(stored: str) -> str:
    """Convert a hash that Better Auth stored to the form that Django stores.

    Raises:
        ValueError: it is not a hash of Better Auth's default algorithm.
    """
    match = STORED.fullmatch(stored)
    if match is None:
        raise ValueError("not a scrypt hash of Better Auth")
    salt, digest = (binascii.unhexlify(part) for part in match.groups())
    return f"better_auth${_base64url(salt)}${_base64url(digest)}"


def _scrypt(password: str, salt_text: str) -> bytes:
    # Normalised before surrogates are replaced, as in Node.
    normal = unicodedata.normalize("NFKC", password)
    octets = re.sub("[\ud800-\udfff]", "\ufffd", normal).encode()
    return hashlib.scrypt(
        octets,
        salt=salt_text.encode(),
        n=COST,
        r=BLOCK_SIZE,
        p=PARALLELISM,
        maxmem=MEMORY,
        dklen=LENGTH,
    )


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
