"""The same users with each kind of credential, recent and old."""

import time
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import LinkedIdentity
from tests.signing_in import browser_of, password_at

SESSION, TOKEN = "session", "token"
JWT, COOKIE = "Better Auth JWT", "Better Auth cookie"
OLD = "old "  # before each of them
KINDS = [age + kind for kind in (SESSION, TOKEN, JWT, COOKIE) for age in ("", OLD)]

HOUR = 3600  # seconds
RENEWED_AFTER = 300  # seconds; recent sign-ins must remain recent


class BetterAuthUsers:
    """A real Better Auth server with an old and a new session for each user.

    It is shared by many tests, because each account needs a slow hash.
    """

    def __init__(self, host, callers):
        self._server = host.start(payload="auth-time")
        self._callers = callers
        self._made_at = None

    @property
    def url(self):
        return self._server.url

    def end(self):
        self._server.end()

    def forget(self):
        """Create all users again after their sessions there have ended."""
        self._made_at = None

    def prepare(self):
        """Sign all users in, recently and an hour ago."""
        if self._made_at and time.monotonic() - self._made_at < RENEWED_AFTER:
            return
        self.old, self.new, self.jwts = {}, {}, {}
        for caller in self._callers:
            self.old[caller] = self._server.sign_up()
            self._server.age(self.old[caller], HOUR)
            self.new[caller] = self._server.sign_in(self.old[caller].email)
            for age, sessions in (("", self.new), (OLD, self.old)):
                self.jwts[age + caller] = self._server.token(sessions[caller])
        self._made_at = time.monotonic()


def clients_of(users, better_auth_users):
    """Return a client for each of `KINDS` and each user: {kind: {caller: …}}.

    `users` maps names of callers to users.
    """
    better_auth_users.prepare()
    now = timezone.now()
    clients = {kind: {} for kind in KINDS}
    for caller, user in users.items():
        LinkedIdentity.objects.create(
            user=user,
            issuer=better_auth_users.url,
            subject=better_auth_users.new[caller].user_id,
            created_at=now,
            last_used_at=now,
        )
        for age, since in (("", now), (OLD, now - timedelta(seconds=HOUR))):
            pair = tokens.start_family(user=user, at=now, authenticated_at=since)
            sessions = better_auth_users.old if age else better_auth_users.new
            clients[age + SESSION][caller] = browser_of(user, proof=password_at(since))
            clients[age + TOKEN][caller] = _bearer(pair.access)
            clients[age + JWT][caller] = _bearer(better_auth_users.jwts[age + caller])
            clients[age + COOKIE][caller] = _with_cookies(sessions[caller].cookies)
    return clients


def _bearer(token):
    return Client(headers={"Authorization": f"Bearer {token}"})


def _with_cookies(cookies):
    client = Client()
    for name, value in cookies.items():
        client.cookies[name] = value
    return client
