"""Look for known vulnerabilities in everything that is locked: `make audit`.

The services of pip-audit and npm are asked, or a saved database of advisories
(`--advisories FOLDER`). Exit status: 0 if all was checked and nothing is known, 1 if
something is known, and 3 if something could not be checked.

A source that cannot be reached often looks like one that knows nothing: npm reports no
vulnerability when it is offline, and neither does a mirror without advisories. So each
source is first asked about a release that is known to be vulnerable.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.supply_chain.advisories import NODE, PYTHON, Advisories, NotAudited
from tests.supply_chain.locks import ROOT, read_lock
from tests.supply_chain.sbom import vendored

CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
TIMEOUT = 120  # seconds for one program
NO_HASH = "sha256:" + "0" * 64


class Release(NamedTuple):
    """A release of a package."""

    name: str
    version: str


KNOWN = {PYTHON: Release("django", "4.2.0"), NODE: Release("lodash", "4.17.15")}


class Source(Protocol):
    """Returns a line for each advisory about these releases; or raises NotAudited."""

    def __call__(self, releases: list[Release]) -> list[str]: ...


# --- What is audited -----------------------------------------------------------------


def inventory() -> Iterator[tuple[str, str, list[Release]]]:
    """Yield each lock with its ecosystem and releases, for every Python and system."""
    for lock in sorted(ROOT.glob("requirements*.txt")):
        pins = read_lock(lock.name)
        yield (
            lock.name,
            PYTHON,
            [Release(name, pin.version) for name, some in pins.items() for pin in some],
        )
    for path in sorted(ROOT.glob("tests/*/package-lock.json")):
        yield str(path.parent.relative_to(ROOT)), NODE, _locked(path)
    copied = [Release(one["package"], one["version"]) for one in vendored()]
    yield "static/js/vendor", NODE, copied


def _locked(path: Path) -> list[Release]:
    packages = json.loads(path.read_text("utf-8"))["packages"]
    found = {
        Release(package.get("name", place.rpartition("node_modules/")[2]), version)
        for place, package in packages.items()
        if place and (version := package.get("version"))
    }
    return sorted(found)


# --- Whom we ask ---------------------------------------------------------------------


def from_saved(
    advisories: Advisories, ecosystem: str, releases: list[Release]
) -> list[str]:
    """Ask a saved database."""
    return [
        f"{name} {version}: {key}"
        for name, version in releases
        for key in advisories.about(ecosystem, name, version)
    ]


def from_pip_audit(releases: list[Release]) -> list[str]:
    """Ask the service of pip-audit, which takes one release of a package at a time."""
    found = []
    while releases:
        now = {release.name: release for release in releases}
        releases = [one for one in releases if one not in now.values()]
        found += _pip_audit(list(now.values()))
    return found


def _pip_audit(releases: list[Release]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, "requirements.txt")
        # Nothing is downloaded, so no hash is compared.
        lines = [f"{name}=={v} --hash={NO_HASH}\n" for name, v in releases]
        lock.write_text("".join(lines), encoding="utf-8")
        options = ["--format=json", "--progress-spinner=off", "--disable-pip"]
        report = _report(
            [sys.executable, "-m", "pip_audit", *options, "-r", str(lock)], ROOT
        )
    answers = {one["name"]: one for one in report.get("dependencies", [])}
    # The program skips what the service doesn't know, and calls the rest clean.
    checked = {k: one["vulns"] for k, one in answers.items() if "vulns" in one}
    if missing := sorted({name for name, _ in releases} - checked.keys()):
        raise NotAudited(f"no answer about {', '.join(missing[:5])}")
    return [
        f"{name} {version}: {vulnerability['id']}"
        for name, version in releases
        for vulnerability in checked[name]
    ]


def from_npm(releases: list[Release]) -> list[str]:
    """Ask the registry of npm."""
    packages: dict[str, Any] = {"": {"name": "audited", "version": "1.0.0"}}
    needed = packages[""]["dependencies"] = {}
    for number, (name, version) in enumerate(releases):
        # An alias each, because a lock may contain several releases of a package.
        needed[f"p{number}"] = f"npm:{name}@{version}"
        packages[f"node_modules/p{number}"] = {"name": name, "version": version}
    with tempfile.TemporaryDirectory() as folder:
        for file, content in {
            "package.json": packages[""],
            "package-lock.json": {"lockfileVersion": 3, "packages": packages},
        }.items():
            Path(folder, file).write_text(json.dumps(content), encoding="utf-8")
        options = ["--json", "--package-lock-only", "--offline=false"]
        report = _report(["npm", "audit", *options], Path(folder))
    if report.get("auditReportVersion") != 2:
        raise NotAudited(report.get("message", "npm gives no report"))
    return sorted(
        f"{via['name']} {via['range']}: {via['url'].rpartition('/')[2]}"
        for vulnerability in report["vulnerabilities"].values()
        for via in vulnerability["via"]
        if isinstance(via, dict)
    )


def _report(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a program that prints a JSON object, and return that."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"npm_config_fetch_retries": "1"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        report = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAudited(str(error)) from error
    except ValueError as error:
        last = done.stderr.strip().splitlines()[-1:] or ["no report"]
        raise NotAudited(last[0]) from error
    if not isinstance(report, dict):
        raise NotAudited("no report")
    return report


# --- The result ----------------------------------------------------------------------


def audit(source: Source, ecosystem: str, releases: list[Release]) -> list[str]:
    """Return what `source` knows about the releases.

    Raises NotAudited if it doesn't know what is known to be vulnerable.
    """
    if not releases:
        raise NotAudited("the lock contains no package")
    known = KNOWN[ecosystem]
    if not source([known]):
        raise NotAudited(f"the source does not know that {' '.join(known)} is unsafe")
    return source(releases)


def sources(folder: str | None, *, at: datetime) -> dict[str, Source]:
    """Return whom to ask, by ecosystem. Raises NotAudited."""
    if not folder:
        return {PYTHON: from_pip_audit, NODE: from_npm}
    saved = Advisories(Path(folder), at=at)
    return {name: partial(from_saved, saved, name) for name in (PYTHON, NODE)}


def main(arguments: list[str], *, at: datetime) -> int:
    """Audit every lock, print the result of each, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make audit")
    parser.add_argument("--advisories", help="a folder of OSV files, instead of asking")
    options = parser.parse_args(arguments)
    unchecked, vulnerable = 0, 0
    for name, ecosystem, releases in inventory():
        try:
            asked = sources(options.advisories, at=at)[ecosystem]
            found = audit(asked, ecosystem, releases)
        except NotAudited as error:
            unchecked += 1
            print(f"{name}: could not be audited: {error}")
            continue
        vulnerable += bool(found)
        print(f"{name}: {len(releases)} releases checked, {len(found)} advisories")
        for line in found:
            print(f"  {line}")
    if unchecked:
        print(f"{unchecked} locks could not be audited. This result is not clean.")
    if vulnerable:
        return VULNERABLE
    return NOT_AUDITED if unchecked else CLEAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], at=datetime.now(UTC)))
