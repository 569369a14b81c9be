"""A Better Auth server for tests, with its client, its operator and its faults."""

import json
import secrets
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.better_auth_server.configuration import Configuration
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.better_auth_server.host import Host

BASE_PATH = "/api/auth"
PASSWORD = "a long and quiet passphrase"


@dataclass(frozen=True)
class Answer:
    """The response of the server. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed JSON of the body."""
        return json.loads(self.body)


class Refused(Exception):
    """The server answered with an error; `status` and Better Auth's own `code`."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        try:
            self.code = answer.json().get("code")
        except ValueError:
            self.code = None
        super().__init__(f"{answer.status} {answer.body[:500]!r}")


@dataclass(frozen=True)
class Session:
    """An external user who is signed in on one device."""

    user: dict[str, Any]
    password: str = field(repr=False)
    token: str = field(repr=False)
    """The session token as it is in the database: a bearer credential."""
    signed_token: str | None = field(repr=False)
    """`token.signature`, also a bearer credential; None without the bearer plugin."""
    cookies: dict[str, str] = field(repr=False)

    @property
    def user_id(self) -> str:
        return self.user["id"]

    @property
    def email(self) -> str:
        return self.user["email"]

    @property
    def cookie(self) -> str:
        """The value of the `Cookie` header of this device."""
        return _cookie_header(self.cookies)


class BetterAuthServer:
    """One Better Auth server on a loopback port. `Host.start` makes them.

    `url` is its address without a slash at the end, which is also the issuer and the
    audience of its tokens unless the configuration says otherwise.
    """

    def __init__(self, host: "Host", name: str, configuration: Configuration) -> None:
        self._host = host
        self._name = name
        self.configuration = configuration
        config = configuration.as_json() | {"port": 0}
        started = host.command("start", server=name, config=config)
        self.port: int = started["port"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}{BASE_PATH}/jwks"

    @property
    def secret(self) -> str:
        return self.configuration.secret

    def _command(self, command: str, **arguments: Any) -> Any:
        return self._host.command(command, server=self._name, **arguments)

    # --- The operator ---------------------------------------------------------

    def stop(self) -> None:
        """Refuse connections. Accounts, sessions and keys stay."""
        self._command("close")

    def start(self) -> None:
        """Answer again, on the same port, after `stop`."""
        self._command("listen")

    def restart(self, *, fresh: bool = False, **changes: Any) -> None:
        """Restart with these fields of the configuration changed and the same database.

        `fresh` begins with an empty one, if it is the one in memory.
        """
        self.configuration = replace(self.configuration, **changes)
        config = self.configuration.as_json() | {"fresh": fresh}
        self._command("configure", config=config)

    def end(self) -> None:
        """End permanently."""
        self._command("end")

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails sent: `kind` (verification, reset, change), `to`, `url`."""
        return self._command("mails")

    def update_user(self, session: Session, **columns: Any) -> None:
        """Change columns of the user in the database, without Better Auth."""
        self._command("updateUser", id=session.user_id, changes=columns)

    def age(self, session: Session, seconds: int) -> None:
        """Make every session of the user this many seconds old."""
        self._command("ageSessions", userId=session.user_id, secondsAgo=seconds)

    def ban(self, session: Session) -> None:
        """Ban the user by the endpoint for administrators: the sessions end."""
        administrator = self.sign_up(name="Administrator")
        self.update_user(administrator, role="admin")
        self.post("/admin/ban-user", {"userId": session.user_id}, administrator)

    def ban_in_database(self, session: Session) -> None:
        """Ban the user in the database only: the sessions stay valid."""
        self.update_user(session, banned=True)

    def register_client(self, redirect_uri: str, **metadata: Any) -> dict[str, Any]:
        """Register an OAuth client; return it, with `client_id` and `client_secret`.

        It is confidential and needs no consent. Better Auth allows plain http on
        loopback to clients of the type "native" only.
        """
        client = {
            "redirect_uris": [redirect_uri],
            "application_type": "native",
            "token_endpoint_auth_method": "client_secret_basic",
            "skip_consent": True,
        }
        return self._command(
            "registerClient",
            cookie=self.sign_up(name="Developer").cookie,
            client=client | metadata,
        )

    # --- The keys -------------------------------------------------------------

    def jwks(self) -> list[dict[str, Any]]:
        """Fetch the public keys; this counts as a fetch."""
        return self.get("/jwks").json()["keys"]

    def rotate(self) -> None:
        """Expire every key: the next signature mints one, the old ones stay listed."""
        self._command("expireKeys", secondsAgo=1)

    def withdraw_keys(self, *kids: str) -> None:
        """Delete these keys, or all. With none left, the next use mints one."""
        self._command("deleteKeys", kids=kids or None)

    def outlive_keys(self) -> None:
        """End the grace period of every key: none is listed until a token is signed."""
        self._command("expireKeys", secondsAgo=10 * 365 * 24 * 3600)

    def mint_key(self, algorithm: str) -> str:
        """Add a key, as `keyPairConfigs` does, and return its kid."""
        return self._command("mintKey", keyPairConfig={"alg": algorithm})

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Have the server sign any claims with its own key, as its plugins can.

        `iss`, `aud` and `exp` are filled in where they are missing.
        """
        return self._command("sign", claims=claims, header=header)

    # --- Faults and counts ----------------------------------------------------

    def mode(self, mode: str, *, path: str = "/jwks", **settings: Any) -> None:
        """Make an endpoint fail, see faults.mjs; "normal" restores it.

        unavailable, drop, hang, html, cut, wrong-type, empty, redirect (to the real
        one), huge (megabytes=32), slow (milliseconds=…), keys (the real ones with
        before=[…], after=[…], set={…}, remove=[…]), body (status, type, body).
        """
        fault = None if mode == "normal" else {"mode": mode, **settings}
        self._command("fault", path=BASE_PATH + path, fault=fault)

    def fetches(self) -> int:
        """Return how often the key set was asked for, in any mode."""
        return self.calls("/jwks")

    def calls(self, path: str) -> int:
        """Return how often an endpoint was asked since the last `reset`."""
        return self._command("calls").get(BASE_PATH + path, 0)

    def redirects_followed(self, path: str = "/jwks") -> int:
        """Return how many requests followed the redirect of that mode."""
        return self._command("calls").get(f"/__real__{BASE_PATH}{path}", 0)

    def reset(self) -> None:
        """Forget modes, counts and mails."""
        self._command("reset")

    # --- The client -----------------------------------------------------------

    def sign_up(
        self, email: str | None = None, password: str = PASSWORD, name: str = "Alice"
    ) -> Session:
        """Create an account and sign in; without an address, use a new one.

        Where the address must be verified first, use `register`.
        """
        return self._session(self.register(email, password, name), password)

    def register(
        self, email: str | None = None, password: str = PASSWORD, name: str = "Alice"
    ) -> Answer:
        """Create an account; return the response."""
        email = email or f"{secrets.token_hex(8)}@example.com"
        account = {"email": email, "password": password, "name": name}
        return self.post("/sign-up/email", account)

    def sign_in(self, email: str, password: str = PASSWORD) -> Session:
        """Sign in on one more device."""
        answer = self.post("/sign-in/email", {"email": email, "password": password})
        return self._session(answer, password)

    def _session(self, answer: Answer, password: str) -> Session:
        return Session(
            user=answer.json()["user"],
            password=password,
            token=answer.json()["token"],
            signed_token=answer.headers.get("set-auth-token"),
            cookies=answer.cookies,
        )

    def sign_out(self, session: Session) -> None:
        """End this session."""
        self.post("/sign-out", {}, session)

    def token(self, session: Session) -> str:
        """Fetch an access token, as a front end does before it calls an API."""
        return self.get("/token", session).json()["token"]

    def get_session(self, session: Session, query: str = "") -> dict[str, Any] | None:
        """Request the session and its user; None if it has ended."""
        return self.get(f"/get-session{query}", session).json()

    def change_password(
        self, session: Session, password: str, *, sign_out_others: bool = False
    ) -> None:
        """Change the password, knowing the old one."""
        change = {"currentPassword": session.password, "newPassword": password}
        change |= {"revokeOtherSessions": sign_out_others}
        self.post("/change-password", change, session)

    def change_email(self, session: Session, email: str) -> None:
        """Ask for another address. A verified user gets mails with links first."""
        self.post("/change-email", {"newEmail": email}, session)

    def send_verification(self, email: str) -> None:
        """Have the mail sent that asks to verify the address."""
        self.post("/send-verification-email", {"email": email})

    def verify_email(self, email: str) -> None:
        """Click the newest link in the mails to this address, without a session."""
        links = [mail["url"] for mail in self.mails() if mail["to"] == email]
        self.follow(links[-1])

    def reset_password(self, email: str, password: str) -> None:
        """Set another password by the link in a mail."""
        self.post("/request-password-reset", {"email": email})
        token = self.mails()[-1]["token"]
        self.post("/reset-password", {"token": token, "newPassword": password})

    def delete_user(self, session: Session) -> None:
        """Delete the account of this session."""
        self.post("/delete-user", {"password": session.password}, session)

    def follow(self, url: str, session: Session | None = None) -> str:
        """Open a link on this server in a browser; return where it redirects to."""
        parts = urlsplit(url)
        headers = {"Cookie": session.cookie} if session else {}
        answer = self.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        return answer.headers.get("location", "")

    # --- HTTP -----------------------------------------------------------------

    def get(self, path: str, session: Session | None = None) -> Answer:
        """Send a GET request to an endpoint below `/api/auth`."""
        return self._call("GET", path, None, session)

    def post(
        self, path: str, body: dict[str, Any], session: Session | None = None
    ) -> Answer:
        """Send a POST request to an endpoint below `/api/auth`."""
        return self._call("POST", path, json.dumps(body), session)

    def _call(
        self, method: str, path: str, body: str | None, session: Session | None
    ) -> Answer:
        headers = {"Origin": self.url}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if session and self.configuration.bearer is not None:
            headers["Authorization"] = f"Bearer {session.token}"
        elif session:
            headers["Cookie"] = session.cookie
        return self.request(method, BASE_PATH + path, body, headers)

    def request(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request without following redirects.

        Raises:
            Refused: the status is 400 or above.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            cookies: SimpleCookie = SimpleCookie()
            for line in response.headers.get_all("Set-Cookie") or []:
                cookies.load(line)
            answer = Answer(
                status=response.status,
                headers={k.lower(): v for k, v in response.headers.items()},
                cookies={name: morsel.value for name, morsel in cookies.items()},
                body=response.read(),
            )
        finally:
            connection.close()
        if answer.status >= 400:
            raise Refused(answer)
        return answer


def _cookie_header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
