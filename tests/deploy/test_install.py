"""The page by which Ownlist is installed names all that its commands need."""

import re

from django.conf import settings

PAGE = settings.BASE_DIR / "docs" / "install.md"
# What a bare Debian has, made by debootstrap with systemd.
BARE = {
    "apt-get", "cd", "cp", "editor", "install", "manage", "manage()", "runuser",
    "systemctl", "useradd",
}  # fmt: skip
PROGRAMS = {
    "curl": "curl",
    "git": "git",
    "nginx": "nginx",
    "python3": "python3-venv",
}


def commands():
    """The commands of root, before the chapter on upgrades."""
    page = PAGE.read_text("utf-8").partition("## Upgrade")[0]
    return re.findall(r"^# (?!#)([a-z./].*)$", page, re.MULTILINE)


def test_every_program_is_installed_before_it_is_used():
    installed, missing = set(), set()
    for command in commands():
        if found := re.match(r"apt-get install (.*)", command):
            installed |= set(found[1].split())
        program = command.split()[0]
        is_bare = program in BARE or program.startswith(".venv/")
        if not is_bare and PROGRAMS.get(program) not in installed:
            missing.add(program)

    assert installed >= {"nginx", "postgresql"}
    assert missing == set()
