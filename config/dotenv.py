"""Write random secrets for this installation into `.env`: `python -m config.dotenv`.

Creates the file, or adds the missing secrets to it. Existing values are never changed,
and secrets are never printed. Runs before the settings can be loaded, so it doesn't use
Django.
"""

import os
import re
import secrets
import tempfile
from pathlib import Path

NAMES = ("SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY")
ENTROPY = 48  # bytes, that is 64 characters
HEADING = "# The secrets of this installation. Keep them out of version control.\n"


def env_file() -> Path | None:
    """Return the file that the settings will read, or None if they read no file."""
    default = Path(__file__).resolve().parent.parent / ".env"
    path = os.environ.get("OWNLIST_ENV_FILE", str(default))
    return Path(path).resolve() if path else None


def complete(path: Path) -> list[str]:
    """Add the secrets that `path` lacks, with random values, and return their names."""
    before = path.read_text(encoding="utf-8") if path.exists() else HEADING
    text, added = _filled(before)
    if added:
        _replace(path, text)
    return added


def load() -> None:
    """Load the file into the environment, whose own values take precedence."""
    import environ

    if path := env_file():
        environ.Env.read_env(path)


def _filled(text: str) -> tuple[str, list[str]]:
    """Return `text` with the missing secrets added, and their names.

    A line without a value (`SECRET_KEY=`) is completed in place, because only the first
    line of a name counts.
    """
    added = []
    for name in NAMES:
        line = f"{name}={secrets.token_urlsafe(ENTROPY)}"
        if _value(name, text) is None:
            text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
        elif _value(name, text) == "":
            text = _pattern(name).sub(line, text, count=1)
        else:
            continue
        added.append(name)
    return text, added


def _value(name: str, text: str) -> str | None:
    """Return the value of `name` in `text` without quotes, or None if it is not set."""
    match = _pattern(name).search(text)
    return match["value"].strip().strip("\"'") if match else None


def _pattern(name: str) -> re.Pattern[str]:
    """Return the pattern of a line that sets `name`."""
    return re.compile(
        rf"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=(?P<value>[^\r\n]*)", re.MULTILINE
    )


def _replace(path: Path, text: str) -> None:
    """Replace `path` atomically, readable for its owner only.

    A concurrent reader sees either the old or the new file, never a part of one.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)  # mkstemp creates the file with mode 0600
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists() and os.geteuid() == 0:
            # Under sudo, keep the owner of the existing file.
            owner = path.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def main() -> None:
    """Complete the file and print the names that were added."""
    path = env_file()
    if path is None:
        return
    if added := complete(path):
        print(f"Wrote new random values to {path.name}: {', '.join(added)}")


if __name__ == "__main__":
    main()
