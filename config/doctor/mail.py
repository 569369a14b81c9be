"""A check of the mail server, which sends one mail if it is asked to."""

import smtplib
import socket
import ssl
from collections.abc import Iterator

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from config.doctor.findings import Finding, error, ok, warning
from config.mails import CONSOLE
from config.setting_urls import NO_HOST

# What an error means; the first that fits. Its text may quote a mail.
CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "User or password in EMAIL_URL is wrong. Percent-encode special characters.",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "The server lacks STARTTLS or sign-in. Use smtp+ssl:// for port 465, and the"
        " port for submission, 587, with smtp+tls://.",
    ),
    (ssl.SSLError, "TLS failed. Use smtp+tls:// for STARTTLS, smtp+ssl:// for 465."),
    (smtplib.SMTPRecipientsRefused, "The server refuses this recipient."),
    (smtplib.SMTPSenderRefused, "The server refuses DEFAULT_FROM_EMAIL as sender."),
    (socket.gaierror, "The name of the host in EMAIL_URL is unknown."),
    (ConnectionRefusedError, "Nothing listens there. Correct host and port."),
    (TimeoutError, "The server does not respond. Is a firewall between?"),
)


def check_mail(recipient: str = "") -> Iterator[Finding]:
    """Connect and sign in; send a test mail if there is a `recipient`."""
    if settings.EMAIL_HOST == NO_HOST:
        yield error("EMAIL_URL is not a valid URL.", "See the finding of the settings.")
        return
    if settings.EMAIL_BACKEND == CONSOLE:
        yield _printed()
        return
    server = get_connection()
    try:
        server.open()
        yield _connected()
        if recipient:
            EmailMessage(
                "Test mail of Ownlist",
                f"The mail server of {settings.BASE_URL} works.",
                to=[recipient],
                connection=server,
            ).send()
            yield ok("The mail server accepted a test mail. See whether it arrives.")
    except (OSError, smtplib.SMTPException) as exc:
        yield error(
            f"The mail server of EMAIL_URL can't be used ({type(exc).__name__}).",
            _cause(exc),
        )
    finally:
        server.close()


def _printed() -> Finding:
    if settings.IS_HTTPS:
        return warning(
            "No mail server is set, so mails are printed, and nobody can reset a"
            " password.",
            "Set EMAIL_URL and DEFAULT_FROM_EMAIL.",
        )
    return ok("No mail server is set: mails are printed.")


def _connected() -> Finding:
    is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    way = "over TLS" if is_encrypted else "without encryption"
    who = "signs us in" if settings.EMAIL_HOST_USER else "asks for no sign-in"
    text = f"The mail server answers {way} and {who}."
    is_near = settings.EMAIL_HOST in {"localhost", "127.0.0.1", "::1"}
    if is_encrypted or is_near:
        return ok(text)
    return warning(text, "Use smtp+tls:// in EMAIL_URL: mails contain secret links.")


def _cause(exc: Exception) -> str:
    for kind, meaning in CAUSES:
        if isinstance(exc, kind):
            return meaning
    return "Correct EMAIL_URL, or look into the log of the mail server."
