"""Make the secrets of a new installation: the service's, and those of its database.

For compose.yaml. Writes them into the file of OWNLIST_ENV_FILE, and into a folder from
which the image of PostgreSQL makes its roles when it creates the database. What is
there already stays as it is.
"""

import os
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from config import dotenv  # noqa: E402 - found by the line above

# Read by the user of the other image, from a volume of these two alone.
READABLE = 0o644
ROLES = """\
CREATE ROLE ownlist_owner LOGIN CREATEDB CREATEROLE PASSWORD '{owner}';
CREATE ROLE ownlist_app LOGIN PASSWORD '{service}';
ALTER DATABASE ownlist OWNER TO ownlist_owner;
"""
SETTINGS = """\
MIGRATION_DATABASE_URL=postgres://ownlist_owner:{owner}@{host}/ownlist
DATABASE_URL=postgres://ownlist_app:{service}@{host}/ownlist
"""


def main(folder: Path, host: str) -> None:
    """Write what is missing. `host` is that of the database, with its port if any."""
    os.umask(0o077)
    env_file = dotenv.env_file()
    assert env_file is not None
    try:
        dotenv.complete(env_file)
    except dotenv.NotChanged as exc:
        sys.exit(str(exc))
    text = env_file.read_text("utf-8")
    if "\nDATABASE_URL=" in text:
        return
    owner, service = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    _write(folder / "superuser-password", secrets.token_urlsafe(32))
    _write(folder / "roles.sql", ROLES.format(owner=owner, service=service))
    folder.chmod(0o755)
    # Last: an interrupted start begins again.
    with env_file.open("a", encoding="utf-8") as stream:
        stream.write(SETTINGS.format(owner=owner, service=service, host=host))
    print("Wrote the passwords of the database.")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(READABLE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
