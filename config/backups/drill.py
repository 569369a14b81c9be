"""How to look at a database that was restored beside the present one, and remove it."""

import shlex

PORT = 8002  # not of the instances of docs/install.md
# A server for this machine alone: without TLS and proxy, mails and metrics. What the
# settings of the service say of these would lead to the service itself.
SETTINGS = {
    "BASE_URL": f"http://127.0.0.1:{PORT}",
    "ALLOWED_HOSTS": "127.0.0.1",
    "PROXY_COUNT": "0",
    "HOST": "127.0.0.1",
    "PORT": str(PORT),
    "WORKERS": "1",
    "EMAIL_URL": "",
    "DATABASE_REPLICA_URL": "",
    "METRICS_ADDRESS": "",
}


def instructions(database_url: str, removal: str) -> list[str]:
    """Return lines with the command of a server on `database_url`, and of its removal.

    The URL may have asterisks in place of the password.
    """
    settings = {"DATABASE_URL": database_url} | SETTINGS
    # With `env`, another command such as `runuser` may precede it.
    words = ["env"]
    words += [f"{name}={shlex.quote(v) if v else ''}" for name, v in settings.items()]
    hidden = "********"
    password = f", with the password in place of {hidden}" * (hidden in database_url)
    return [
        f"To look at it while the service runs, as the user of the service{password}:",
        f"  {' '.join(words)} .venv/bin/python -m config.server",
        f"Sign in with a password at {SETTINGS['BASE_URL']}/accounts/login/, and look"
        " at the lists. No mail is sent.",
        "Then stop that server, and remove the database:",
        f"  {removal}",
    ]
