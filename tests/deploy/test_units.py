"""The units of systemd are valid, closed, and run every regular command."""

import re
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import get_commands

from tests import served

UNITS = settings.BASE_DIR / "deploy" / "systemd"
STARTED = [
    "ownlist-web@8000.service",
    "ownlist-reminders.service",
    "ownlist-purge.service",
    "ownlist-backup.service",
]
TIMERS = ["ownlist-purge.timer", "ownlist-backup.timer"]
# What our units name, and every system has.
TARGETS = """
basic local-fs multi-user network-online shutdown sysinit time-set time-sync timers
"""
EXPOSURE_MAX = "15"  # of 100. Without a sandbox it is 96
ARGUMENTS = (65, 1, 0, 0, 0)  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN of prctl(2)

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="there is no systemd-analyze (Debian: apt-get install systemd)",
)


@pytest.fixture
def root(tmp_path):
    """A system with our units, and with what they name."""
    shutil.copytree(UNITS, tmp_path / "etc" / "systemd" / "system")
    targets = tmp_path / "usr" / "lib" / "systemd" / "system"
    targets.mkdir(parents=True)
    for name in TARGETS.split():
        (targets / f"{name}.target").write_text(f"[Unit]\nDescription={name}\n")
    for program in ("srv/ownlist/.venv/bin/python", "bin/kill", "usr/bin/find"):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    (tmp_path / "etc" / "passwd").write_text("ownlist:x:990:990::/:/bin/false\n")
    (tmp_path / "etc" / "group").write_text("ownlist:x:990:\n")
    return tmp_path


def analyse(root, *arguments):
    return subprocess.run(
        ["systemd-analyze", f"--root={root}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def lines_of(name, key):
    """Return the values of one key in a unit."""
    text = (UNITS / name).read_text("utf-8")
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def commands_of(name):
    return [line.split()[-1] for line in lines_of(name, "ExecStart")]


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(root):
    done = analyse(root, "verify", *STARTED, *TIMERS)

    assert (done.returncode, done.stdout) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", STARTED)
def test_a_unit_can_do_little_beside_its_work(root, unit):
    done = analyse(
        root, "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", unit
    )

    assert done.returncode == 0, done.stdout


def test_the_timer_runs_every_purge():
    purges = [name for name in get_commands() if name.startswith("purge_")]

    assert sorted(commands_of("ownlist-purge.service")) == sorted(purges)
    assert len(purges) >= 4


def test_a_timer_writes_backups_every_day():
    assert commands_of("ownlist-backup.service") == ["backup"]


def test_the_page_enables_every_unit():
    page = (settings.BASE_DIR / "docs" / "install.md").read_text("utf-8")
    (enabled,) = re.findall(r"systemctl enable --now (.*)", page)

    names = {re.sub(r"@\d+", "@", name) for name in enabled.split()}
    units = {path.name for path in UNITS.glob("*.*") if path.is_file()}
    # A timer starts the service of its name.
    units -= {name.replace(".timer", ".service") for name in TIMERS}

    assert names == {name.removesuffix(".service") for name in units}


def test_the_server_starts_only_on_a_migrated_database():
    for name in ("ownlist-web@.service", "ownlist-reminders.service"):
        (before,) = lines_of(name, "ExecStartPre")
        assert before.endswith("manage.py migrate --check")


def test_the_units_use_the_ports_of_the_proxies():
    (example,) = re.findall(
        r"enable --now (.*)$",
        (UNITS / "ownlist-web@.service").read_text("utf-8"),
        re.MULTILINE,
    )
    ports = re.findall(r"@(\d+)", example)

    for site in ("nginx/ownlist.conf", "caddy/Caddyfile"):
        text = (UNITS.parent / site).read_text("utf-8")
        assert sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", text))) == ports


def test_no_unit_is_to_be_edited_as_an_upgrade_copies_it_again():
    page = (settings.BASE_DIR / "docs" / "install.md").read_text("utf-8")

    assert "cp -r deploy/systemd/. " in page.partition("## Upgrade")[2]
    assert "systemctl edit ownlist-web@.service" in page
    for unit in UNITS.rglob("*.*"):
        text = unit.read_text("utf-8") if unit.is_file() else ""
        assert not re.search(r"^#\s*\w+=", text, re.MULTILINE), unit.name


@pytest.mark.slow
def test_the_server_makes_no_memory_executable(tmp_path, monkeypatch):
    """What MemoryDenyWriteExecute of the units refuses; here the kernel refuses it."""
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\n"
        "import ctypes, os, sys\n"
        f"ctypes.CDLL(None).prctl(*{ARGUMENTS})\n"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])\n"
    )
    program.chmod(0o755)
    if not _refuses_exec_gain():
        pytest.skip("needs Linux 6.3")
    monkeypatch.setattr(sys, "executable", str(program))

    with served.serving(tmp_path) as server:
        headers = server.register()
        with server.connected() as connection:
            connection.request("GET", "/api/v1/tasks", headers=headers)
            status = connection.getresponse().status

    assert status == 200


def _refuses_exec_gain():
    """Whether the kernel knows the setting, tried in another process."""
    code = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(*{ARGUMENTS}))"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
