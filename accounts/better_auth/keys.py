"""The signing keys of issuers: fetched, filtered, cached and rotated.

A key set is fresh for five minutes. After that, the next token triggers a new fetch,
while requests continue with the known keys. A failed, empty or invalid response never
replaces a good set, which stays usable for a day while its issuer is unreachable.
Better Auth signs with a new key before any cache can know it, so an unknown key id
triggers a fetch at once, but only one in ten seconds: invented ids cost the issuer next
to nothing.

Processes share what they fetch through Django's cache.
"""

import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.core.cache import cache
from django.core.signals import setting_changed

from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.fetching import TIMEOUT, FetchFailed, fetch_json
from accounts.better_auth.issuers import Issuer
from accounts.better_auth.shared_cache import best_effort

logger = logging.getLogger(__name__)

FRESH_FOR = 5 * 60.0  # seconds
USABLE_FOR = 24 * 60 * 60.0  # seconds, while the issuer is unreachable
MIN_INTERVAL = 10.0  # seconds between two fetches from one issuer
# Of our machines. What seems to be later than that is from before a clock was set back.
CLOCKS_DIFFER = 60.0  # seconds
SHORT_WAIT = 0.3  # seconds that a request waits if it doesn't need the response
MAX_KEY_ID = 255  # characters
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
Entry = Mapping[str, str]

# The members of a public key of each kind; everything else is ignored.
MEMBERS = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
CURVES = {"EdDSA": "Ed25519", "ES256": "P-256", "ES512": "P-521"}
KINDS = {"EdDSA": "OKP", "ES256": "EC", "ES512": "EC", "RS256": "RSA", "PS256": "RSA"}


def _is_within(seconds: float, at: float, now: float) -> bool:
    """Whether that was less than `seconds` ago."""
    return -CLOCKS_DIFFER < now - at < seconds


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and its only algorithm. For HS256, the key is a secret in bytes."""

    algorithm: str
    key: PublicKey | bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeySet:
    """An issuer's usable keys by key id, and when they were fetched."""

    keys: Mapping[str, VerificationKey] = field(default_factory=dict)
    fetched_at: float = float("-inf")  # seconds since the epoch

    def is_fresh(self, now: float) -> bool:
        return _is_within(FRESH_FOR, self.fetched_at, now)

    def is_usable(self, now: float) -> bool:
        return now - self.fetched_at < USABLE_FOR


# --- Parsing a key set -------------------------------------------------------


def usable_entries(document: object, issuer: Issuer) -> list[Entry]:
    """Return the usable entries of a key set document (RFC 7517 section 5).

    Left out are symmetric and unknown kinds, other curves, keys for encryption, entries
    whose algorithm is not configured for the issuer, and all entries of a duplicate id.
    The number of keys is limited by the length of the document alone: a server that
    keeps its old keys may list the newest one last.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return []
    entries = [
        entry
        for entry in (_usable_entry(one, issuer) for one in listed)
        if entry is not None
    ]
    uses = Counter(entry["kid"] for entry in entries)
    return [entry for entry in entries if uses[entry["kid"]] == 1]


def _usable_entry(entry: object, issuer: Issuer) -> Entry | None:
    if not isinstance(entry, dict):
        return None
    kind, key_id = entry.get("kty"), entry.get("kid")
    if not isinstance(kind, str) or kind not in MEMBERS or not _is_key_id(key_id):
        return None
    uses = entry.get("key_ops", ["verify"])
    if not isinstance(uses, list) or "verify" not in uses:
        return None
    if entry.get("use", "sig") != "sig":
        return None
    algorithm = entry.get("alg") or _implied_algorithm(entry, issuer)
    if algorithm not in issuer.algorithms or KINDS[algorithm] != kind:
        return None
    members: dict[str, str] = {
        name: value
        for name in MEMBERS[kind]
        if isinstance(value := entry.get(name), str) and value
    }
    if len(members) < len(MEMBERS[kind]):
        return None
    if kind != "RSA" and members["crv"] != CURVES[algorithm]:
        return None
    return {"kty": kind, "kid": key_id, "alg": algorithm, **members}


def _is_key_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= MAX_KEY_ID


def _implied_algorithm(entry: Mapping[str, object], issuer: Issuer) -> str | None:
    """Return the algorithm of an entry without `alg`, if there is only one choice."""
    fitting = [
        name
        for name in issuer.algorithms
        if KINDS[name] == entry.get("kty")
        and CURVES.get(name) in (None, entry.get("crv"))
    ]
    return fitting[0] if len(fitting) == 1 else None


def parsed(entries: list[Entry]) -> dict[str, VerificationKey]:
    """Return the valid keys of `entries` by id."""
    return {entry["kid"]: key for entry in entries for key in _parsed_entry(entry)}


def _parsed_entry(entry: Entry) -> Iterator[VerificationKey]:
    try:
        key = jwt.PyJWK(dict(entry), algorithm=entry["alg"]).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return
    if isinstance(key, RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            return
        if key.public_numbers().e < 3:
            return
    if isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey):
        yield VerificationKey(entry["alg"], key)


# --- The cache ---------------------------------------------------------------


def key_for(issuer: Issuer, key_id: str, *, now: float) -> VerificationKey:
    """Return the issuer's key of this id; `now` is in seconds since the epoch.

    Raises:
        TokenRejected: the issuer has no such key.
        KeysUnavailable: the key is unknown, and the issuer is unreachable.
    """
    return _store_of(issuer).key(key_id, now=now)


_stores: dict[str, "_Store"] = {}
_stores_lock = threading.Lock()
# Only one request of this process may wait for a response that it needs; the other
# threads stay free for the tokens of other issuers.
_long_wait = threading.Semaphore(1)


def _store_of(issuer: Issuer) -> "_Store":
    store = _stores.get(issuer.issuer)
    if store is None or store.issuer != issuer:
        with _stores_lock:
            store = _stores.get(issuer.issuer)
            if store is None or store.issuer != issuer:
                store = _stores[issuer.issuer] = _Store(issuer)
    return store


def forget_keys(*, setting: str = "BETTER_AUTH", **kwargs: object) -> None:
    """Drop the keys that this process knows, but not those in the shared cache."""
    if setting.startswith("BETTER_AUTH"):
        with _stores_lock:
            _stores.clear()


setting_changed.connect(forget_keys)


class _Fetch(threading.Thread):
    """One request to an issuer, in the background of those that wait for it."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__(daemon=True, name="better-auth-keys")
        self.issuer = issuer
        self.entries: list[Entry] = []

    def run(self) -> None:
        try:
            document = fetch_json(self.issuer.jwks_url)
        except FetchFailed as exc:
            reason = str(exc)
        else:
            self.entries = usable_entries(document, self.issuer)
            reason = "" if parsed(self.entries) else "no usable key"
        if reason:
            self.entries = []
            logger.warning(
                "keys not fetched",
                extra={"issuer": self.issuer.issuer, "reason": reason},
            )


class _Store:
    """The key set of one issuer in this process."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.current = KeySet()
        self._lock = threading.Lock()
        self._fetch: _Fetch | None = None
        self._asked_at = float("-inf")  # seconds since the epoch
        self._looked_at = float("-inf")  # time.monotonic()
        digest = hashlib.sha256(f"{issuer.issuer} {issuer.jwks_url}".encode())
        self._cache_key = f"better-auth:keys:{digest.hexdigest()[:32]}"

    def key(self, key_id: str, *, now: float) -> VerificationKey:
        found = self.current.keys.get(key_id)
        if found is None or not self.current.is_fresh(now):
            self._look_at_shared(now)
            found = self.current.keys.get(key_id)
        if found is not None and self.current.is_fresh(now):
            return found
        can_do_without = found is not None and self.current.is_usable(now)
        has_answer = self._ask(now, can_do_without=can_do_without)
        found = self.current.keys.get(key_id)
        if found is not None and self.current.is_usable(now):
            return found
        if has_answer:
            raise TokenRejected("unknown_key")
        raise KeysUnavailable(retry_after=2)

    def _ask(self, now: float, *, can_do_without: bool) -> bool:
        """Fetch from the issuer if it is time; tell whether the known set is recent.

        It is if the issuer has responded to any process within `MIN_INTERVAL`.
        """
        fetch, is_ours = self._fetch_at(now)
        if fetch is None:
            if not self._is_recent(now) and not can_do_without:
                self._await_other_process(now)
            return self._is_recent(now)
        if can_do_without:
            # The request that started the fetch gives a quick issuer time to respond,
            # so that a withdrawn key is noticed; the others don't wait at all.
            fetch.join(SHORT_WAIT if is_ours else 0)
        elif _long_wait.acquire(blocking=False):
            try:
                fetch.join(TIMEOUT + 1)
            finally:
                _long_wait.release()
        else:
            fetch.join(SHORT_WAIT)
        self._take(fetch, now)
        return self._is_recent(now)

    def _is_recent(self, now: float) -> bool:
        return _is_within(MIN_INTERVAL, self.current.fetched_at, now)

    def _fetch_at(self, now: float) -> tuple[_Fetch | None, bool]:
        """Return the running fetch, or a new one if it is time; tell if it is new."""
        with self._lock:
            if self._fetch is not None:
                return self._fetch, False
            if _is_within(MIN_INTERVAL, self._asked_at, now):
                return None, False
            if not self._claim_turn(now):
                return None, False
            self._asked_at = now
            self._fetch = _Fetch(self.issuer)
            self._fetch.start()
            return self._fetch, True

    def _take(self, fetch: _Fetch, now: float) -> None:
        """Store a finished response for all processes, once."""
        if fetch.is_alive():
            return
        with self._lock:
            if self._fetch is not fetch:
                return
            self._fetch = None
            if not fetch.entries:
                return
            self.current = KeySet(parsed(fetch.entries), fetched_at=now)
        shared = {"entries": fetch.entries, "fetched_at": now}
        best_effort(lambda: cache.set(self._cache_key, shared, timeout=int(USABLE_FOR)))

    def _claim_turn(self, now: float) -> bool:
        """Tell whether no other process is asking this issuer."""
        key, timeout = f"{self._cache_key}:asked", int(MIN_INTERVAL)
        claimed = best_effort(lambda: cache.add(key, now, timeout=timeout))
        if claimed is not False:
            return True  # also if the cache is unavailable
        asked_at = best_effort(lambda: cache.get(key))
        if asked_at is None or _is_within(MIN_INTERVAL, asked_at, now):
            return False
        # The table of the cache would keep it until the clock is there again.
        best_effort(lambda: cache.set(key, now, timeout=timeout))
        return True

    def _look_at_shared(self, now: float) -> None:
        """Use a newer set that another process has fetched."""
        looked_at = time.monotonic()
        if looked_at - self._looked_at < 1:
            return
        self._looked_at = looked_at
        shared = best_effort(lambda: cache.get(self._cache_key))
        was_set_back = self.current.fetched_at > now + CLOCKS_DIFFER
        if shared and (was_set_back or shared["fetched_at"] > self.current.fetched_at):
            self.current = KeySet(parsed(shared["entries"]), shared["fetched_at"])

    def _await_other_process(self, now: float) -> None:
        """Wait a moment for the process that is asking to share its response."""
        if not _long_wait.acquire(blocking=False):
            return
        try:
            for _ in range(10):
                self._looked_at = float("-inf")
                self._look_at_shared(now)
                if self._is_recent(now):
                    return
                threading.Event().wait(0.1)
        finally:
            _long_wait.release()
