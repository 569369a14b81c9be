"""The environment as settings read it: a value is what it says, whatever its text.

django-environ takes a value that begins with `$` as the name of another variable. So a
password or key with that first character would be replaced, or quoted in an error.
"""

import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path

import environ

# What django-environ reads. Its own warning would quote any other line.
SETTING = re.compile(r"(?:export )?[A-Za-z_0-9]+=")
NOTHING = re.compile(r"\s*(?:#|$)")


class _Escaped(MutableMapping[str, str]):
    """The environment of the process, in which `$` has no meaning for django-environ.

    It removes the backslashes again, because of `escape_proxy`.
    """

    def __getitem__(self, name: str) -> str:
        return os.environ[name].replace("$", "\\$")

    def __setitem__(self, name: str, value: str) -> None:
        os.environ[name] = value

    def __delitem__(self, name: str) -> None:
        del os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


class Environment(environ.Env):  # type: ignore[misc]
    """Reads settings from the environment."""

    ENVIRON = _Escaped()

    def __init__(self) -> None:
        super().__init__()
        self.escape_proxy = True


def load_file(path: Path) -> None:
    """Load a file into the environment, whose own values take precedence.

    A line that can't be read is reported by its number, because it may have a secret.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    except OSError as exc:
        sys.stderr.write(f"{path} can't be read: {exc.strerror}.\n")
        return
    for number, line in enumerate(lines, start=1):
        if not SETTING.match(line) and not NOTHING.match(line):
            sys.stderr.write(
                f"{path}, line {number} is ignored. Write NAME=value without spaces"
                " around the name.\n"
            )
    environ.Env.read_env(io.StringIO(_settings_in(lines)))


def _settings_in(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if SETTING.match(line))


def values_in(text: str) -> dict[str, str]:
    """Return the values in the text of such a file, as settings read them."""

    class File(environ.Env):  # type: ignore[misc]
        ENVIRON: dict[str, str] = {}  # noqa: RUF012 - of this call only

    File.read_env(io.StringIO(_settings_in(text.splitlines())))
    return File.ENVIRON
