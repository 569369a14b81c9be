"""Write random secrets for this installation into `.env`: `python -m config.dotenv`.

Creates the file, or adds the missing secrets to it. Existing values are changed only by
`python -m config.dotenv --rotate SECRET_KEY`, and secrets are never printed. Runs
before the settings can be loaded, so it doesn't use Django.
"""

import argparse
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from config.environment import (
    NOTHING,
    SETTING,
    load_file,
    read,
    values_by_line,
    values_in,
)

NAMES = ("SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY")
# Those whose earlier values are still accepted, in a setting of their own.
ROTATED = {
    name: f"{name}_FALLBACKS" for name in ("SECRET_KEY", "FACTOR_ENCRYPTION_KEY")
}
ENTROPY = 48  # bytes, that is 64 characters
HEADING = "# The secrets of this installation. Keep them out of version control.\n"


def env_file() -> Path | None:
    """Return the file that the settings will read, or None if they read no file."""
    default = Path(__file__).resolve().parent.parent / ".env"
    path = os.environ.get("OWNLIST_ENV_FILE", str(default))
    return Path(path).resolve() if path else None


class NotChanged(Exception):
    """The text says why the file was not changed, and what to do. It has no value."""


def complete(path: Path) -> list[str]:
    """Add the secrets that `path` lacks, with random values, and return their names.

    Raises:
        NotChanged: a secret may be there, but is not read.
    """
    text = read(path) if path.exists() else HEADING
    values = values_in(text)
    missing = [name for name in NAMES if not values.get(name)]
    _refuse_unread(path, text, missing)
    for name in missing:
        _refuse_emptied(path, text, name)
    for name in missing:
        text = _filled(text, name)
    if missing:
        _replace(path, text)
    return missing


def rotate(path: Path, name: str) -> list[str]:
    """Replace a secret in `path`; return its earlier values that are still accepted.

    The newest of them is first.

    Raises:
        NotChanged: it can't be done.
    """
    fallbacks = ROTATED[name]
    text = read(path) if path.exists() else ""
    _refuse_unread(path, text, [name, fallbacks])
    current = values_in(text).get(name)
    if not current:
        raise NotChanged(f"{path} does not set {name}, so replace it where it is.")
    if set_outside := {name, fallbacks} & set(os.environ):
        raise NotChanged(
            f"The environment sets {min(set_outside)}, which overrides {path}. Replace"
            f" {name} there."
        )
    if "," in current:
        raise NotChanged(
            f"The value of {name} can't be one of several, because it has a comma."
            f" Delete its line in {path} instead."
        )
    earlier = [current]
    for one in values_by_line(text, fallbacks).values():
        earlier += [value for value in one.split(",") if value and value not in earlier]
    changed = _ended(_without(text, name, fallbacks))
    changed += f"{name}={secrets.token_urlsafe(ENTROPY)}\n"
    changed += _line(fallbacks, ",".join(earlier))
    _replace(path, changed)
    return earlier


def load() -> None:
    """Load the file into the environment, whose own values take precedence."""
    if path := env_file():
        load_file(path)


def _refuse_unread(path: Path, text: str, names: Sequence[str]) -> None:
    """Refuse a line that may have the value of one of these, but is not read."""
    for number, line in enumerate(text.splitlines(), start=1):
        if SETTING.match(line) or NOTHING.match(line):
            continue
        for name in names:
            if re.search(rf"\b{name}\b", line):
                raise NotChanged(
                    f"{path}, line {number} names {name}, but can't be read. Write"
                    f" {name}=value without spaces around the name, or delete the line."
                )


def _refuse_emptied(path: Path, text: str, name: str) -> None:
    """Refuse a value that a later line takes back."""
    values = values_by_line(text, name)
    if any(values.values()):
        raise NotChanged(
            f"{path}, line {max(values)} sets {name}"
            " to nothing, but an earlier line to a value. Delete one of them."
        )


def _filled(text: str, name: str) -> str:
    """Return `text` with a random value for `name`, in place of the last empty one."""
    line = f"{name}={secrets.token_urlsafe(ENTROPY)}\n"
    if not (empty := values_by_line(text, name)):
        return _ended(text) + line
    lines = text.splitlines(keepends=True)
    lines[max(empty) - 1] = line
    return "".join(lines)


def _without(text: str, *names: str) -> str:
    """Return `text` without the lines that set one of these."""
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not ((setting := SETTING.match(line)) and setting["name"] in names)
    )


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _line(name: str, value: str) -> str:
    """Return the line from which settings read this value."""
    line = f"{name}={value}\n"
    if values_in(line) == {name: value}:
        return line
    # In quotation marks of its own, because outer ones are not part of a value.
    escaped = value.replace("\\", "\\\\")
    return f'{name}="{escaped}"\n'


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


def main(arguments: Sequence[str] = ()) -> None:
    """Complete the file, or rotate a secret, and print the names of what is new."""
    parser = argparse.ArgumentParser(prog="python -m config.dotenv")
    parser.add_argument(
        "--rotate",
        choices=ROTATED,
        help="Replace this secret. Its earlier values are still accepted.",
    )
    options = parser.parse_args(arguments)
    path = env_file()
    if path is None:
        return
    try:
        if options.rotate:
            _rotate(path, options.rotate)
        elif added := complete(path):
            print(f"Wrote new random values to {path.name}: {', '.join(added)}")
    except NotChanged as exc:
        sys.exit(str(exc))


def _rotate(path: Path, name: str) -> None:
    earlier = rotate(path, name)
    print(
        f"Wrote a new random value to {path.name}: {name}\n"
        f"Earlier values in {ROTATED[name]}: {len(earlier)}. The newest is first."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
