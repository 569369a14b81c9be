"""The instructions of the Dockerfile, carried out without a container engine.

Only what our Dockerfile uses. Commands run as an unprivileged user, in a folder that
takes the place of the root of the image.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[2]
USER = "nobody"
# The folders of the image, which are moved below the folder of the test.
IMAGE_FOLDERS = ("/opt/venv", "/srv/ownlist", "/var/lib/ownlist", "/etc/ownlist")


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return the instructions with their arguments, in order."""
    text = re.sub(r"^#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line.strip()]


@dataclass
class Image:
    """What the instructions have made so far."""

    root: Path
    python: str
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def build(self, path: Path) -> None:
        """Carry out every instruction."""
        for name, arguments in instructions(path):
            getattr(self, f"_{name.lower()}")(arguments)

    def moved(self, text: str) -> str:
        """Return the text with the folders of the image moved below the root."""
        return re.sub(
            "|".join(IMAGE_FOLDERS), lambda found: f"{self.root}{found[0]}", text
        )

    def arguments(self, command: list[str], **environment: str) -> list[str]:
        """Return the command line for the unprivileged user, without other settings."""
        variables = {**self.environment, **environment}
        settings = [f"{key}={value}" for key, value in variables.items()]
        return ["runuser", "-u", USER, "--", "env", "-i", *settings, *command]

    @property
    def working_folder(self) -> Path:
        """The folder in which commands run."""
        return Path(self.moved(self.folder))

    def _from(self, arguments: str) -> None:
        self.environment = {"PATH": f"{self.root}/bin:/usr/local/bin:/usr/bin:/bin"}
        self.folder, self.user = "/", ""

    def _arg(self, arguments: str) -> None:
        pass  # the base, of which only Python is used

    def _workdir(self, arguments: str) -> None:
        self.folder = arguments
        self.working_folder.mkdir(parents=True, exist_ok=True)

    def _copy(self, arguments: str) -> None:
        if arguments.startswith("--from="):
            return  # every stage has the same root here
        *sources, target = arguments.split()
        for source in sources:
            place = self.working_folder / target
            if source.endswith("/"):
                shutil.copytree(
                    PROJECT / source,
                    place,
                    ignore=shutil.ignore_patterns("__pycache__"),
                )
            else:
                if target.endswith("/"):
                    place.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / source, place)

    def _run(self, arguments: str) -> None:
        if arguments.startswith("apt-get "):
            return  # the tests need what it installs on this machine
        command = self.moved(arguments)
        if command.startswith("install -d -o 10001 -g 10001"):
            # Another user takes the part of 10001, and only root can give files away.
            command = command.replace("-o 10001 -g 10001", f"-o {USER}")
            subprocess.run(command, shell=True, check=True)  # noqa: S602
            return
        for path in (self.root / "opt", self.working_folder):
            path.mkdir(parents=True, exist_ok=True)
            self._give(path, USER)
        subprocess.run(
            self.arguments(["sh", "-c", command]), cwd=self.working_folder, check=True
        )

    def _give(self, path: Path, user: str) -> None:
        subprocess.run(["chown", "-R", user, str(path)], check=True)

    def size(self) -> int:
        """Return the bytes of all files that the last stage copies."""
        copied = (self.root / "opt", self.root / "srv")
        files = [path for top in copied for path in top.rglob("*")]
        return sum(path.lstat().st_size for path in files if not path.is_dir())

    def protect(self) -> None:
        """Take the code from the user, as a read-only file system does."""
        for path in (self.root / "opt", self.root / "srv"):
            self._give(path, "root")

    def _env(self, arguments: str) -> None:
        for key, value in re.findall(r"(\w+)=(\S+)", arguments):
            extra = f":{self.root}/bin" if key == "PATH" else ""
            self.environment[key] = self.moved(value) + extra

    def _volume(self, arguments: str) -> None:
        for path in json.loads(arguments):
            assert Path(self.moved(path)).is_dir()

    def _user(self, arguments: str) -> None:
        self.user = arguments

    def _expose(self, arguments: str) -> None:
        assert arguments == self.environment["PORT"]

    def _stopsignal(self, arguments: str) -> None:
        assert arguments == "SIGTERM"

    def _healthcheck(self, arguments: str) -> None:
        self.health = json.loads(arguments.partition(" CMD ")[2])

    def _cmd(self, arguments: str) -> None:
        self.command = json.loads(arguments)


def accessible_python() -> str | None:
    """Return a Python 3.11 or newer that the unprivileged user can start, if any."""
    question = "import sys, venv, pip; sys.exit(sys.version_info < (3, 11))"
    for version in ("3.14", "3.13", "3.12", "3.11", "3"):
        path = shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")
        if path is None:
            continue
        command = ["runuser", "-u", USER, "--", path, "-c", question]
        if subprocess.run(
            command, cwd="/", capture_output=True, check=False
        ).returncode:
            continue
        return os.path.realpath(path)
    return None
