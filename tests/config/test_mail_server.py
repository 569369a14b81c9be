"""Mails reach a real server over TLS, after a sign-in, and nothing goes there in clear.

The server is aiosmtpd, which implements STARTTLS (RFC 3207) and AUTH (RFC 4954).
"""

import ssl
from email import message_from_bytes, policy
from urllib.parse import quote

import environ
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.urls import reverse

from config.doctor.findings import Level
from config.doctor.mail import check_mail
from tests.benchmarks.processes import free_port
from tests.deploy import certificates
from tests.patience import PATIENCE

HOST = "localhost"
USER, PASSWORD = "ownlist@example.com", "p@ss:/%word"


# It does not know that TLS can be there from the first byte.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def is_encrypted(server):
    return server.transport.get_extra_info("sslcontext") is not None


class RealServer:
    """A mail server that keeps what it is sent, and how the sender signed in."""

    def __init__(self):
        self.signed_in = []
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        assert is_encrypted(server)
        assert session.authenticated
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 accepted"

    def authenticate(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        self.signed_in.append((given, is_encrypted(server)))
        is_right = given == (USER, PASSWORD)
        return AuthResult(success=is_right, handled=is_right)  # else it answers 535


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    certificates.write(HOST, folder / "certificate.pem", folder / "key.pem")
    return folder


@pytest.fixture
def run_server(certificate):
    """Run a server: with STARTTLS, with TLS from the first byte, or without TLS."""
    controllers = []

    def run(way):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(
            certificate / "certificate.pem", certificate / "key.pem"
        )
        handler = RealServer()
        options = {
            "starttls": {"tls_context": context, "require_starttls": True},
            "tls": {"ssl_context": context, "auth_require_tls": False},
            "clear": {},
        }
        controller = Controller(
            handler,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=handler.authenticate,
            auth_required=True,
            ready_timeout=PATIENCE,
            **options[way],
        )
        controller.start()
        controllers.append(controller)
        handler.port = controller.port
        return handler

    yield run
    for controller in controllers:
        controller.stop()


@pytest.fixture
def use(settings, monkeypatch, certificate):
    """Set EMAIL_URL, as a deployment does, to a server whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "certificate.pem"))

    def use(server, *, scheme="smtp+tls", password=PASSWORD, host=HOST):
        credentials = f"{quote(USER, safe='')}:{quote(password, safe='')}"
        url = f"{scheme}://{credentials}@{host}:{server.port}"
        for name, value in environ.Env.email_url_config(url).items():
            setattr(settings, name, value)
        settings.EMAIL_BACKEND = "config.mails.SMTPBackend"

    return use


@pytest.mark.parametrize(
    ("way", "scheme"), [("starttls", "smtp+tls"), ("tls", "smtp+ssl")]
)
def test_a_mail_arrives_over_tls_after_a_sign_in(run_server, use, way, scheme):
    server = run_server(way)
    use(server, scheme=scheme)

    findings = [*check_mail("admin@example.com")]

    assert [one.level for one in findings] == [Level.OK, Level.OK]
    assert "over TLS and signs us in" in findings[0].text
    (mail,) = server.mails
    assert (mail["To"], mail["Subject"]) == (
        "admin@example.com",
        "Test mail of Ownlist",
    )
    assert server.signed_in == [((USER, PASSWORD), True)]


def test_a_forgotten_password_is_mailed_over_tls(run_server, use, client, alice):
    server = run_server("starttls")
    use(server)

    response = client.post(reverse("account_reset_password"), {"email": alice.email})

    assert response.status_code == 303
    (mail,) = server.mails
    assert mail["To"] == alice.email
    assert "/accounts/password/reset/key/" in mail.get_body().get_content()


def failed(findings):
    (finding,) = findings
    assert finding.level == Level.ERROR
    return finding.hint


def test_a_wrong_password_is_explained_and_not_shown(run_server, use):
    server = run_server("starttls")
    use(server, password="wrong violet phrase")

    findings = [*check_mail("admin@example.com")]

    assert "password in EMAIL_URL is wrong" in failed(findings)
    assert "violet" not in repr(findings)
    assert server.mails == []


def test_a_certificate_that_is_not_trusted_gets_no_password(
    run_server, use, monkeypatch
):
    server = run_server("starttls")
    use(server)
    monkeypatch.delenv("SSL_CERT_FILE")

    assert "TLS failed" in failed(check_mail("admin@example.com"))
    assert server.signed_in == server.mails == []


def test_a_certificate_of_another_host_gets_no_password(run_server, use):
    server = run_server("starttls")
    use(server, host="127.0.0.1")

    assert "TLS failed" in failed(check_mail("admin@example.com"))
    assert server.signed_in == server.mails == []


def test_a_server_without_starttls_gets_no_password(run_server, use):
    server = run_server("clear")
    use(server)

    assert "lacks STARTTLS" in failed(check_mail("admin@example.com"))
    assert server.signed_in == server.mails == []


def test_a_server_that_requires_starttls_is_explained(run_server, use):
    server = run_server("starttls")
    use(server, scheme="smtp")

    assert "smtp+tls://" in failed(check_mail("admin@example.com"))
    assert server.signed_in == server.mails == []
