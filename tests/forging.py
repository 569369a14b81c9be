"""Tokens and keys made by hand, with real cryptography: good ones, bad ones, odd ones.

A JWT library refuses to make most of what an attacker sends, so nothing here uses one.

    key = new_key("ES256", kid="one")
    claims = better_auth_claims("https://auth.example", "user-1", now=now)
    token = sign(claims, key)                          # as Better Auth signs it
    token = sign(claims, key, header={"typ": "at+jwt"})
    token = sign(claims | {"exp": "soon"}, key)
    token = tamper(token, claims=claims | {"sub": "user-2"})
    keys = {"keys": [jwk(key), jwk(other, use="enc")]}

Where a header, a payload or a whole segment is text or bytes, it is taken as it is.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import (
    ec,
    ed448,
    ed25519,
    padding,
    rsa,
    utils,
)
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALGORITHMS = ("EdDSA", "ES256", "ES512", "RS256", "PS256")
"""What a Better Auth server can be set to."""

UNFIT_KEYS = ("RSA-1024", "Ed448", "P-384", "secp256k1")
"""Kinds of key that no Better Auth server can have."""

LIFETIME_SECONDS = 900

Segment = Mapping[str, Any] | str | bytes


# --- Keys ---------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A private key, or an HS256 secret in bytes, under the name `kid`."""

    algorithm: str
    private: Any = field(repr=False)
    kid: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def pem(self) -> bytes:
        """The public key as text, which a bad verifier uses as an HMAC secret."""
        return self._public(Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The same in DER."""
        return self._public(Encoding.DER)

    def _public(self, encoding: Encoding) -> bytes:
        return self.private.public_key().public_bytes(
            encoding, PublicFormat.SubjectPublicKeyInfo
        )


_MAKERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "EdDSA": ("EdDSA", ed25519.Ed25519PrivateKey.generate),
    "ES256": ("ES256", lambda: ec.generate_private_key(ec.SECP256R1())),
    "ES512": ("ES512", lambda: ec.generate_private_key(ec.SECP521R1())),
    "RS256": ("RS256", lambda: rsa.generate_private_key(65537, 2048)),
    "PS256": ("PS256", lambda: rsa.generate_private_key(65537, 2048)),
    "HS256": ("HS256", lambda: secrets.token_urlsafe(48).encode()),
    "RSA-1024": (
        "RS256",
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak on purpose
    ),
    "Ed448": ("EdDSA", ed448.Ed448PrivateKey.generate),
    "P-384": ("ES384", lambda: ec.generate_private_key(ec.SECP384R1())),
    "secp256k1": ("ES256K", lambda: ec.generate_private_key(ec.SECP256K1())),
}


def new_key(kind: str, *, kid: str | None = None) -> Key:
    """Make a key: one of `ALGORITHMS`, "HS256", or one of `UNFIT_KEYS`."""
    algorithm, make = _MAKERS[kind]
    return Key(algorithm, make(), kid or secrets.token_hex(16))


@cache
def key_of(kind: str) -> Key:
    """Return the shared key of this kind; making RSA keys is slow."""
    return new_key(kind, kid=f"key-of-the-run-{kind}")


def jwk(key: Key, *, private: bool = False, **members: Any) -> dict[str, Any]:
    """Return the key as Better Auth lists it, with `members` changed.

    None removes a member. `private` also includes the private part, as a careless
    server would.
    """
    shape = {"alg": key.algorithm, **_public_members(key), "kid": key.kid}
    if private:
        shape |= _private_members(key)
    return _changed(shape, members)


def _public_members(key: Key) -> dict[str, Any]:
    if isinstance(key.private, bytes):
        return {"kty": "oct", "k": b64(key.private)}
    public = key.private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    if isinstance(public, ec.EllipticCurvePublicKey):
        point, size = public.public_numbers(), _coordinate_bytes(public.curve)
        x, y = (b64(value.to_bytes(size, "big")) for value in (point.x, point.y))
        return {"kty": "EC", "crv": _CURVES[public.curve.name], "x": x, "y": y}
    curve = "Ed448" if isinstance(public, ed448.Ed448PublicKey) else "Ed25519"
    return {"kty": "OKP", "crv": curve, "x": b64(public.public_bytes_raw())}


def _private_members(key: Key) -> dict[str, Any]:
    private = key.private
    if isinstance(private, bytes):
        return {}
    if isinstance(private, rsa.RSAPrivateKey):
        rest = private.private_numbers()
        parts = {"d": rest.d, "p": rest.p, "q": rest.q}
        parts |= {"dp": rest.dmp1, "dq": rest.dmq1, "qi": rest.iqmp}
        return {name: _integer(value) for name, value in parts.items()}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        size = _coordinate_bytes(private.curve)
        return {"d": b64(private.private_numbers().private_value.to_bytes(size, "big"))}
    return {"d": b64(private.private_bytes_raw())}


_CURVES = {
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "secp256k1": "secp256k1",
}


def _coordinate_bytes(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _integer(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


# --- Claims -------------------------------------------------------------------


def better_auth_claims(
    issuer: str, subject: str, now: datetime, **changes: Any
) -> dict[str, Any]:
    """Return the claims of a token of Better Auth, in its order.

    `changes` replaces claims, or removes them if None. Use `| {"name": None}` for a
    claim that is null.
    """
    issued_at = int(now.timestamp())
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds")
    moment = moment.replace("+00:00", "Z")
    claims = {
        "iat": issued_at,
        "name": "Alice",
        "email": f"{subject.lower()}@example.com",
        "emailVerified": False,
        "image": None,
        "createdAt": moment,
        "updatedAt": moment,
        "id": subject,
        "sub": subject,
        "exp": issued_at + LIFETIME_SECONDS,
        "iss": issuer,
        "aud": issuer,
    }
    return _changed(claims, changes)


def _changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with these members. None removes a member."""
    gone = {name for name, value in changes.items() if value is None}
    return {k: v for k, v in {**base, **changes}.items() if k not in gone}


# --- Tokens -------------------------------------------------------------------


def sign(
    claims: Segment,
    key: Key,
    *,
    algorithm: str | None = None,
    kid: str | None = None,
    header: Segment | None = None,
) -> str:
    """Return a token with a valid signature and the header of Better Auth.

    `algorithm` and `kid` override those of the key; `algorithm` is also used to sign.
    `header` changes members of the header, or removes them if None, without changing
    how the token is signed. As text or bytes it is the whole header.
    """
    algorithm = algorithm or key.algorithm
    if header is None or isinstance(header, Mapping):
        header = _changed({"alg": algorithm, "kid": kid or key.kid}, header or {})
    signed = f"{encode(header)}.{encode(claims)}"
    return f"{signed}.{b64(signature(signed.encode(), key, algorithm))}"


def signature(message: bytes, key: Key, algorithm: str | None = None) -> bytes:
    """Return the raw signature of RFC 7518 and RFC 8037."""
    algorithm = algorithm or key.algorithm
    private = key.private
    if algorithm == "EdDSA":
        return private.sign(message)
    if algorithm in _HMAC:
        return hmac.digest(private, message, _HMAC[algorithm])
    digest = _DIGESTS[algorithm[-3:]]()
    if algorithm.startswith("RS"):
        return private.sign(message, padding.PKCS1v15(), digest)
    if algorithm.startswith("PS"):
        salted = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        return private.sign(message, salted, digest)
    return _raw(private.sign(message, ec.ECDSA(digest)), private.curve)


_HMAC = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_DIGESTS = {"256": SHA256, "56K": SHA256, "384": SHA384, "512": SHA512}


def _raw(der: bytes, curve: ec.EllipticCurve) -> bytes:
    """Return r and s concatenated, as in a JWT."""
    size = _coordinate_bytes(curve)
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def unsigned(
    claims: Segment, algorithm: str = "none", *, kid: str | None = None
) -> str:
    """Return a token without a signature. `algorithm` is "none" in any spelling."""
    header = _changed({"alg": algorithm}, {"kid": kid})
    return f"{encode(header)}.{encode(claims)}."


def confused(claims: Segment, key: Key) -> dict[str, str]:
    """Return tokens with the public key as HMAC secret, by the format of the key."""
    public = jwk(key)
    forms = {
        "PEM": key.pem,
        "PEM, stripped": key.pem.strip(),
        "DER": key.der,
        "JWK": json.dumps(public).encode(),
        "JWK, compact": json.dumps(public, separators=(",", ":")).encode(),
        "member": public[{"OKP": "x", "EC": "x", "RSA": "n"}[public["kty"]]].encode(),
        "empty": b"",
    }
    return {
        form: sign(claims, Key("HS256", secret, key.kid))
        for form, secret in forms.items()
    }


def null_signatures(claims: Segment, key: Key) -> dict[str, str]:
    """Return tokens with signatures that a careless implementation accepts.

    Zeroes (CVE-2022-21449), an empty one, DER instead of raw, and a truncated one.
    """
    good = sign(claims, key)
    raw = unb64(good.split(".")[2])
    forms = {
        "zeroes": bytes(len(raw)),
        "empty": b"",
        "cut": raw[:-1],
        "long": raw + b"\0",
    }
    if isinstance(key.private, ec.EllipticCurvePrivateKey):
        half = len(raw) // 2
        numbers = (int.from_bytes(part, "big") for part in (raw[:half], raw[half:]))
        forms["DER"] = utils.encode_dss_signature(*numbers)
    return {form: tamper(good, signature=value) for form, value in forms.items()}


def tamper(
    token: str,
    *,
    header: Segment | None = None,
    claims: Segment | None = None,
    signature: bytes | None = None,
) -> str:
    """Return the token with these parts replaced, and the signature kept."""
    parts = token.split(".")
    if header is not None:
        parts[0] = encode(header)
    if claims is not None:
        parts[1] = encode(claims)
    if signature is not None:
        parts[2] = b64(signature)
    return ".".join(parts)


def self_certified(claims: Segment, key: Key, url: str = "") -> dict[str, str]:
    """Return tokens whose header contains a key, or refers to one at `url`."""
    chain = [base64.b64encode(key.der).decode()]
    thumbprint = b64(hashlib.sha256(key.der).digest())
    headers = {
        "jwk": jwk(key),
        "jku": url,
        "x5u": url,
        "x5c": chain,
        "x5t#S256": thumbprint,
    }
    return {
        name: sign(claims, key, header={name: value}) for name, value in headers.items()
    }


def forgeries(claims: Mapping[str, Any], url: str) -> dict[str, str]:
    """Return tokens that no verifier of the keys `key_of` may accept, by their names.

    `url` is where a verifier finds its keys. The names are `FORGERIES`.
    """
    forged: dict[str, str] = {}
    for algorithm in ALGORITHMS:
        key, stranger = key_of(algorithm), new_key(algorithm)
        good = sign(claims, key)
        forged |= {
            f"{algorithm} foreign key": sign(claims, stranger, kid=key.kid),
            f"{algorithm} other subject": tamper(
                good, claims=claims | {"sub": "user-2"}
            ),
            f"{algorithm} other header": tamper(
                good, header={"alg": "none", "kid": key.kid}
            ),
            f"{algorithm} no signature": tamper(good, signature=b""),
            f"{algorithm} cut": good[:-4],
            f"{algorithm} padded": good + "=",
            f"{algorithm} five parts": good + ".x.y",
        }
        for form, token in confused(claims, key).items():
            forged[f"{algorithm} confused {form}"] = token
        for form, token in null_signatures(claims, key).items():
            forged[f"{algorithm} null {form}"] = token
        for form, token in self_certified(claims, stranger, url).items():
            forged[f"{algorithm} self-certified {form}"] = token
        for other in ALGORITHMS:
            if other != algorithm:
                forged[f"{algorithm} under the id of {other}"] = sign(
                    claims, key, kid=key_of(other).kid
                )
    for name in ("none", "None", "NONE", "nOnE", ""):
        forged[f"unsigned {name!r}"] = unsigned(claims, name)
    for kind in UNFIT_KEYS:
        forged[f"unfit {kind}"] = sign(claims, key_of(kind))
    forged["HS256"] = sign(claims, key_of("HS256"))
    return forged


def _names_of_forgeries() -> Iterator[str]:
    """Yield the names without making a key, so that tests can be named by them."""
    forms = ["foreign key", "other subject", "other header", "no signature", "cut"]
    forms += ["padded", "five parts"]
    public = ("PEM", "PEM, stripped", "DER", "JWK", "JWK, compact", "member", "empty")
    forms += [f"confused {form}" for form in public]
    forms += [f"null {form}" for form in ("zeroes", "empty", "cut", "long")]
    headers = ("jwk", "jku", "x5u", "x5c", "x5t#S256")
    forms += [f"self-certified {name}" for name in headers]
    for algorithm in ALGORITHMS:
        yield from (f"{algorithm} {form}" for form in forms)
        if algorithm.startswith("ES"):
            yield f"{algorithm} null DER"
        others = [other for other in ALGORITHMS if other != algorithm]
        yield from (f"{algorithm} under the id of {other}" for other in others)
    yield from (f"unsigned {name!r}" for name in ("none", "None", "NONE", "nOnE", ""))
    yield from (f"unfit {kind}" for kind in UNFIT_KEYS)
    yield "HS256"


FORGERIES = tuple(_names_of_forgeries())


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token without verifying it."""
    header, claims, _ = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(claims))


# --- Segments -----------------------------------------------------------------


def doubled(members: Mapping[str, Any], name: str, first: Any) -> str:
    """Return JSON with the duplicate key `name`: `first`, then as in `members`."""
    rest = json.dumps(members, separators=(",", ":"))
    return f"{{{json.dumps(name)}:{json.dumps(first)},{rest[1:]}"


def nested(depth: int) -> str:
    """Return claims with lists nested to this depth."""
    return '{"sub":' + "[" * depth + "]" * depth + "}"


def encode(segment: Segment) -> str:
    """Return an encoded segment of a token: JSON without spaces, or the given text."""
    if isinstance(segment, Mapping):
        segment = json.dumps(segment, separators=(",", ":"), ensure_ascii=False)
    if isinstance(segment, str):
        segment = segment.encode("utf-8", "surrogatepass")
    return b64(segment)


def b64(value: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(value: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
