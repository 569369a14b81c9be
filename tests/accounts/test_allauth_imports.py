"""Only two modules know how allauth works inside; the others call their functions."""

import ast

import pytest
from django.conf import settings

from tests.tables import as_one_test

EMAILS, RECORDS = "accounts/emails.py", "accounts/sign_in_records.py"
PATHS = [
    path.relative_to(settings.BASE_DIR).as_posix()
    for app in ("accounts", "config", "todos")
    for path in sorted((settings.BASE_DIR / app).rglob("*.py"))
]


def imported_by(source):
    """Yield the full name of everything that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def allauth_internals(source):
    return {
        name
        for name in imported_by(source)
        if name.startswith("allauth.account.models")
        or (name.startswith("allauth.") and "internal" in name.split("."))
    }


@as_one_test
@pytest.mark.parametrize("path", [path for path in PATHS if path != EMAILS])
def test_no_other_module_imports_the_internals_of_allauth(path):
    source = (settings.BASE_DIR / path).read_text()

    found = allauth_internals(source)

    if path == RECORDS:
        found = {name for name in found if ".internal." not in name}
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "from allauth.account.models import EmailAddress",
        "from allauth.account import models",
        "import allauth.account.models",
        "def f():\n    from allauth.account.internal.flows import login",
        "from allauth.socialaccount import internal",
    ],
)
def test_the_check_finds_every_way_to_import_them(line):
    assert allauth_internals(line)
