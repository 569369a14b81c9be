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
SETTING = re.compile(r"(?:export )?(?P<name>[A-Za-z_0-9]+)=")
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
        lines = read(path).splitlines()
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


def read(path: Path) -> str:
    """Return the text of such a file. If it is not UTF-8, the process ends.

    The error of Python has the whole file in it, and reports of errors could show it.
    """
    content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        number = content.count(b"\n", 0, exc.start) + 1
    sys.exit(f"{path}, line {number} is not in UTF-8. Save the file in UTF-8.")


def _settings_in(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if SETTING.match(line))


def values_in(text: str) -> dict[str, str]:
    """Return the values in the text of such a file, as settings read them."""

    class File(environ.Env):  # type: ignore[misc]
        ENVIRON: dict[str, str] = {}  # noqa: RUF012 - of this call only

    File.read_env(io.StringIO(_settings_in(text.splitlines())))
    return File.ENVIRON


def values_by_line(text: str, name: str) -> dict[int, str]:
    """Return the value in each line that sets `name`, by the number of the line."""
    return {
        number: values_in(line)[name]
        for number, line in enumerate(text.splitlines(), start=1)
        if (setting := SETTING.match(line)) and setting["name"] == name
    }
