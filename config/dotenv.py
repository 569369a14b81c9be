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

from config.environment import load_file, values_in

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


def complete(path: Path) -> list[str]:
    """Add the secrets that `path` lacks, with random values, and return their names."""
    before = path.read_text(encoding="utf-8") if path.exists() else HEADING
    text, added = _filled(before)
    if added:
        _replace(path, text)
    return added


class RotationError(Exception):
    """The text says why a secret was not replaced, and what to do."""


def rotate(path: Path, name: str) -> list[str]:
    """Replace a secret in `path`; return its earlier values that are still accepted.

    The newest of them is first.

    Raises:
        RotationError: it can't be done. Nothing is changed.
    """
    fallbacks = ROTATED[name]
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    values = values_in(text)
    current = values.get(name)
    if not current:
        raise RotationError(f"{path} does not set {name}, so replace it where it is.")
    if set_outside := {name, fallbacks} & set(os.environ):
        raise RotationError(
            f"The environment sets {min(set_outside)}, which overrides {path}. Replace"
            f" {name} there."
        )
    earlier = [current]
    for one in _values(fallbacks, text):
        earlier += [value for value in one.split(",") if value and value not in earlier]
    changed = _pattern(fallbacks, line_end=True).sub("", text)
    changed = _pattern(name, line_end=True).sub("", changed)
    changed += "" if not changed or changed.endswith("\n") else "\n"
    changed += f"{name}={secrets.token_urlsafe(ENTROPY)}\n"
    changed += f"{fallbacks}={','.join(earlier)}\n"
    if values_in(changed)[fallbacks].split(",") != earlier:
        raise RotationError(
            f"The value of {name} can't be one of several: it has a comma, or ends in"
            f" quotation marks. Delete its line in {path} instead."
        )
    _replace(path, changed)
    return earlier


def load() -> None:
    """Load the file into the environment, whose own values take precedence."""
    if path := env_file():
        load_file(path)


def _filled(text: str) -> tuple[str, list[str]]:
    """Return `text` with the missing secrets added, and their names.

    A line without a value (`SECRET_KEY=`) is completed in place.
    """
    added = []
    for name in NAMES:
        line = f"{name}={secrets.token_urlsafe(ENTROPY)}"
        value = values_in(text).get(name)
        if value:
            continue
        if value is None:
            text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
        else:
            text = _pattern(name).sub(line, text)
        added.append(name)
    return text, added


def _values(name: str, text: str) -> list[str]:
    """Return the values of all lines that set `name`, without quotes."""
    found = _pattern(name).finditer(text)
    return [match["value"].strip().strip("\"'") for match in found]


def _pattern(name: str, *, line_end: bool = False) -> re.Pattern[str]:
    """Return the pattern of a line that sets `name`, without its end or with it."""
    return re.compile(
        rf"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=(?P<value>[^\r\n]*)"
        + (r"(?:\r?\n)?" if line_end else ""),
        re.MULTILINE,
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
    if options.rotate:
        _rotate(path, options.rotate)
    elif added := complete(path):
        print(f"Wrote new random values to {path.name}: {', '.join(added)}")


def _rotate(path: Path, name: str) -> None:
    try:
        earlier = rotate(path, name)
    except RotationError as exc:
        sys.exit(str(exc))
    print(
        f"Wrote a new random value to {path.name}: {name}\n"
        f"Earlier values in {ROTATED[name]}: {len(earlier)}. The newest is first."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
