"""The lock contains all packages of an installation, so pip resolves nothing."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from django.conf import settings
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply_chain.locks import Pin, read_lock

ROOT = Path(settings.BASE_DIR)
LOCKS = {"requirements.txt": (), "requirements-dev.txt": ("dev",)}
# Of the services that `make bench` compares with; they are not installed with ours.
PEERS_LOCK = "tests/benchmarks/peers/requirements.txt"
INSTALL = "pip install --quiet --no-deps --require-hashes -r"


def wanted_by_the_project(name):
    """Return the requirements in `pyproject.toml` for the lock `name`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = list(project["dependencies"])
    for group in LOCKS[name]:
        texts += project["optional-dependencies"][group]
    return [Requirement(text) for text in texts]


def environments():
    """Yield the environments of markers for each supported Python and system."""
    systems = [
        ("linux", "Linux", "x86_64"),
        ("linux", "Linux", "aarch64"),
        ("darwin", "Darwin", "arm64"),
    ]
    # The first and last patch release, because some backports end in between.
    for python in ("3.11.0", "3.11.99", "3.12.0", "3.13.0", "3.14.0", "3.14.99"):
        for platform, system, machine in systems:
            yield default_environment() | {
                "python_version": python.rpartition(".")[0],
                "python_full_version": python,
                "implementation_version": python,
                "sys_platform": platform,
                "platform_system": system,
                "platform_machine": machine,
            }


def name_of(environment):
    return "-".join(
        environment[key]
        for key in ("python_full_version", "sys_platform", "platform_machine")
    )


ENVIRONMENTS = pytest.mark.parametrize("environment", [*environments()], ids=name_of)
EACH_LOCK = pytest.mark.parametrize("name", LOCKS)


def unmet(lock, wanted, environment):
    """Return the requirements, also of dependencies, that `lock` does not satisfy."""
    found, seen, waiting = [], set(), list(wanted)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        versions = versions_in(lock, name, environment)
        if len(versions) != 1 or not requirement.specifier.contains(
            versions[0], prereleases=True
        ):
            found.append(str(requirement))
            continue
        for extra in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, extra))
            waiting += requirements_of(name, environment | {"extra": extra})
    return found


def versions_in(lock, name, environment):
    """Return the versions of a package that are installed in an environment."""
    return [
        pin.version
        for pin in lock.get(name, [])
        if pin.marker is None or pin.marker.evaluate(environment)
    ]


def requirements_of(name, environment):
    return [
        requirement
        for requirement in _all_requirements_of(name)
        if requirement.marker is None or requirement.marker.evaluate(environment)
    ]


@cache
def _all_requirements_of(name):
    """Return the requirements of a package from the metadata of the installed one.

    The requirements of a package that this Python or system does not need are unknown,
    because it is not installed.
    """
    try:
        return [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []


@EACH_LOCK
@ENVIRONMENTS
def test_the_lock_satisfies_all_requirements_of_its_packages(name, environment):
    assert unmet(read_lock(name), wanted_by_the_project(name), environment) == []


@EACH_LOCK
def test_a_package_missing_from_the_lock_is_reported(name):
    lock = read_lock(name)
    wanted = wanted_by_the_project(name)
    here = default_environment()
    installed = {package for package in lock if versions_in(lock, package, here)}

    unnoticed = [
        package
        for package in installed
        if not unmet({**lock, package: []}, wanted, here)
    ]

    assert len(installed) > 40
    assert unnoticed == []


def test_a_pin_out_of_range_is_reported():
    name = "requirements.txt"
    lock = read_lock(name)
    lock["sqlparse"] = [Pin("0.2.4", None, [])]

    found = unmet(lock, wanted_by_the_project(name), default_environment())

    assert [Requirement(text).name for text in found] == ["sqlparse"]


def test_a_marker_that_excludes_a_python_that_needs_the_package_is_reported():
    name = "requirements.txt"
    lock = read_lock(name)
    [pin] = lock["sqlparse"]
    lock["sqlparse"] = [pin._replace(marker=Marker("python_version < '3.14'"))]
    wanted = wanted_by_the_project(name)

    found = {name_of(e) for e in environments() if unmet(lock, wanted, e)}

    assert found == {name_of(e) for e in environments() if "3.14" in name_of(e)}


@pytest.mark.parametrize("name", [*LOCKS, PEERS_LOCK])
def test_every_pin_has_hashes_and_a_wheel(name):
    lock = read_lock(name)

    hashes = [pin.hashes for pins in lock.values() for pin in pins]

    assert all(hashes)
    assert all(h.startswith("sha256:") for several in hashes for h in several)
    assert "--only-binary :all:" in (ROOT / name).read_text("utf-8").splitlines()


@ENVIRONMENTS
def test_the_development_lock_contains_the_production_pins(environment):
    production, development = map(read_lock, LOCKS)

    differing = {
        package
        for package in production
        if (versions := versions_in(production, package, environment))
        and versions != versions_in(development, package, environment)
    }

    assert differing == set()


def test_the_installed_packages_are_the_locked_ones():
    lock = read_lock("requirements-dev.txt")
    here = default_environment()
    installed = {
        canonicalize_name(package.name): package.version
        for package in metadata.distributions()
    }

    locked = {
        package: versions[0]
        for package in lock
        if (versions := versions_in(lock, package, here))
    }

    assert locked.items() - installed.items() == set()


@EACH_LOCK
def test_pip_accepts_the_lock_without_changes(name):
    """Everything is installed already, so pip compares it offline."""
    done = subprocess.run(
        [sys.executable, "-m", *INSTALL.split(), name, "--no-index"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_installation_uses_only_the_lock():
    commands = {
        line.strip()
        for path in places_that_install()
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(pip|PIP\)) install |npm (install|i|ci) ", line)
    }

    assert len(commands) >= 3
    assert [
        command
        for command in commands
        if "--no-deps --require-hashes -r" not in command and "npm ci " not in command
    ] == []


def places_that_install():
    yield ROOT / "Makefile"
    yield ROOT / ".ci" / "run"
    yield from ROOT.glob(".github/**/*.yml")
    yield from ROOT.glob("*.md")
    yield from ROOT.glob("docs/**/*.md")
