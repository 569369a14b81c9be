"""A passkey that needs no browser, and can be made to respond wrongly."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256

ORIGIN = "http://testserver"
USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def encoded(octets):
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Passkey:
    """A passkey on a device, with the counter `count`."""

    def __init__(self):
        self.id = secrets.token_bytes(32)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.count = 0
        self.handle = b""

    def made(self, options, *, cose=None, flags=None, **client):
        """Return the response to options for a new passkey.

        `client` replaces members of the client data, and `cose` the public key.
        """
        self.handle = decoded(options["user"]["id"])
        cose = dict(ES256.from_cryptography_key(self.key.public_key()) | (cose or {}))
        flags = USER_PRESENT | USER_VERIFIED | HAS_KEY if flags is None else flags
        authenticator = self._data(options["rp"]["id"], flags) + (
            bytes(16) + len(self.id).to_bytes(2) + self.id + cbor.encode(cose)
        )
        attestation = {"fmt": "none", "attStmt": {}, "authData": authenticator}
        return self._response(
            clientDataJSON=self._client("webauthn.create", options, client),
            attestationObject=cbor.encode(attestation),
        )

    def used(self, options, *, host="", flags=None, handle=None, **client):
        """Return the response to options for a passkey that exists."""
        self.count += 1
        flags = USER_PRESENT | USER_VERIFIED if flags is None else flags
        authenticator = self._data(host or options["rpId"], flags)
        about = self._client("webauthn.get", options, client)
        signed = authenticator + sha256(about).digest()
        return self._response(
            clientDataJSON=about,
            authenticatorData=authenticator,
            signature=self.key.sign(signed, ec.ECDSA(SHA256())),
            userHandle=self.handle if handle is None else handle,
        )

    def _data(self, host, flags):
        return sha256(host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind, options, changes):
        client = {"type": kind, "challenge": options["challenge"], "origin": ORIGIN}
        return json.dumps({**client, "crossOrigin": False, **changes}).encode()

    def _response(self, **members):
        return {
            "id": encoded(self.id),
            "rawId": encoded(self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {name: encoded(octets) for name, octets in members.items()},
        }
