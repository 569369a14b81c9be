"""The modules of the pages: their size, and the library that is copied from npm."""

import hashlib
import json
import re

import pytest
from django.conf import settings

FOLDER = settings.BASE_DIR / "static" / "js"
LIBRARIES = json.loads((FOLDER / "vendor" / "libraries.json").read_text("utf-8"))
# Of the pages of a signed-in user; account and API pages have one of their own.
MODULES = sorted(
    {*FOLDER.glob("*.js")} - {FOLDER / "account.js", FOLDER / "browsable.js"}
)


def test_lists_every_library_with_its_hash():
    files = {path.name for path in (FOLDER / "vendor").iterdir()} - {"libraries.json"}

    assert files == {library["file"] for library in LIBRARIES}
    for library in LIBRARIES:
        content = (FOLDER / "vendor" / library["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == library["sha256"]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one["package"])
def test_the_document_names_the_version_of_the_library(library):
    text = (settings.BASE_DIR / "docs" / "dependencies.md").read_text("utf-8")

    row = f"| {library['package']} | {library['version']} | {library['licence']} |"
    assert row in text


def test_no_script_compiles_text():
    sources = {path: path.read_text("utf-8") for path in FOLDER.rglob("*.js")}

    assert [
        path.name
        for path, source in sources.items()
        if re.search(r"\beval\(|\bFunction\(", source)
    ] == []
