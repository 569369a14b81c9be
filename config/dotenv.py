"""Write the secrets of this machine into `.env`: `python -m config.dotenv`.

It makes the file, or adds to it what is missing. A value that is there already is
never changed, and no secret is ever printed. It runs before the settings can be
loaded, so it needs no Django.
"""

import os
import re
import secrets
import tempfile
from pathlib import Path

NAMES = ("SECRET_KEY", "JWT_SIGNING_KEY")
ENTROPY = 48  # bytes, which makes 64 characters
HEADING = "# The secrets of this installation. Keep them out of version control.\n"


def env_file() -> Path | None:
    """Return the file that the settings will read, or None if they read no file."""
    default = Path(__file__).resolve().parent.parent / ".env"
    path = os.environ.get("OWNLIST_ENV_FILE", str(default))
    return Path(path).resolve() if path else None


def complete(path: Path) -> list[str]:
    """Give every secret that `path` lacks a random value, and return their names."""
    before = path.read_text(encoding="utf-8") if path.exists() else HEADING
    text, added = _filled(before)
    if added:
        _replace(path, text)
    return added


def load() -> None:
    """Put the values of the file into the environment, which wins where it has one."""
    import environ

    if path := env_file():
        environ.Env.read_env(path)


def _filled(text: str) -> tuple[str, list[str]]:
    """Return `text` with the missing secrets, and the names of those.

    A line without a value (`SECRET_KEY=`) is filled where it stands, because the
    reader of this file takes the first line of a name.
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
    """Return what `text` sets `name` to, without quotes; None if it does not."""
    match = _pattern(name).search(text)
    return match["value"].strip().strip("\"'") if match else None


def _pattern(name: str) -> re.Pattern[str]:
    """Match the line that sets `name`."""
    return re.compile(
        rf"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=(?P<value>[^\r\n]*)", re.MULTILINE
    )


def _replace(path: Path, text: str) -> None:
    """Write `path` in one step, readable for its owner only.

    Whoever reads the file meanwhile sees the old one or the new one, never a part.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)  # mkstemp made it with mode 0600
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists() and os.geteuid() == 0:
            # Under sudo the file must stay with the person it belongs to.
            owner = path.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def main() -> None:
    """Complete the file and say which names were added to it."""
    path = env_file()
    if path is None:
        return
    if added := complete(path):
        print(f"Wrote new random values to {path.name}: {', '.join(added)}")


if __name__ == "__main__":
    main()
