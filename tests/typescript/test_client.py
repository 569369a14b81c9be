"""The documented client compiles and runs with the generated types of the API."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.factories import TaskFactory
from todos.models import Task

pytestmark = pytest.mark.slow

ROOT = Path(settings.BASE_DIR)
EXAMPLE = ROOT / "docs" / "examples" / "typescript"
DOCUMENT = str(ROOT / "docs" / "openapi.yaml")
NODE_MODULES = Path(__file__).parent / "node_modules"


def node(*arguments, cwd, **variables):
    """Run a program of Node.js; return its exit status and its output."""
    assert NODE_MODULES.is_dir(), "Run `make node-modules`, or `npm ci` in this folder."
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [shutil.which("node") or "node", *arguments],
        cwd=cwd,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def command(line):
    """Return a command line of docs/api.md with the program that `npx` would start."""
    program, *arguments = line.removeprefix("$ npx ").split()
    return str(NODE_MODULES / ".bin" / program), *arguments


def documented(program):
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\$ npx {program}\b.*$", page, re.MULTILINE)
    return line


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder with the example, the types of the committed document, and JavaScript.

    A client may be as strict as it likes: `tsconfig.json` switches everything on.
    """
    folder = tmp_path_factory.mktemp("typescript")
    for file in EXAMPLE.iterdir():
        shutil.copy(file, folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    served, generate = (
        "http://127.0.0.1:8000/api/schema",
        documented("openapi-typescript"),
    )
    assert served in generate
    status, said = node(*command(generate.replace(served, DOCUMENT)), cwd=folder)
    assert status == 0, said
    status, said = node(*command(documented("tsc")), cwd=folder)
    assert status == 0, said
    return folder


@pytest.mark.django_db(transaction=True)
def test_the_documented_client_compiles_and_works(compiled, live_server, api_as, alice):
    TaskFactory(owner=alice, title="Water the plants")
    bearer = api_as(alice)._credentials["HTTP_AUTHORIZATION"]

    status, said = node(
        "tasks.js",
        "Buy milk",
        cwd=compiled,
        OWNLIST_URL=live_server.url,
        OWNLIST_TOKEN=bearer.removeprefix("Bearer "),
    )

    assert (status, said.splitlines()) == (
        0,
        ["Water the plants", "Buy milk, two litres", "Done: Buy milk, two litres"],
    )
    tasks = Task.objects.owned_by(alice)
    assert tasks.get(title="Buy milk, two litres").completed_at is not None


@pytest.mark.django_db(transaction=True)
def test_the_client_says_why_it_was_refused(compiled, live_server):
    status, said = node(
        "tasks.js", cwd=compiled, OWNLIST_URL=live_server.url, OWNLIST_TOKEN="none"
    )

    assert status == 1
    assert "token_not_valid: The credential is missing, expired or not valid." in said


MISTAKES = [
    'await add({ notes: "no title" });',
    'await add({ title: "x", priority: "high" });',
    "console.log(added.titel);",
    'await api.GET("/api/v1/task", {});',
    'await api.GET("/api/v1/tasks", { params: { query: { view: "due" } } });',
    'await api.POST("/api/v1/tasks/{task_id}/complete", {});',
]


def test_the_types_find_each_mistake(compiled, tmp_path):
    for file in compiled.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    example = (tmp_path / "tasks.ts").read_text()
    (tmp_path / "tasks.ts").write_text("\n".join([example, *MISTAKES]))

    status, said = node(*command("$ npx tsc --noEmit"), cwd=tmp_path)

    found = {int(line) for line in re.findall(r"tasks\.ts\((\d+),\d+\): error", said)}
    first = example.count("\n") + 2
    assert status != 0
    assert found == {first + place for place in range(len(MISTAKES))}


def test_the_example_asks_for_the_versions_that_it_is_tested_with():
    asked = (EXAMPLE / "package.json").read_text()
    tested = (Path(__file__).parent / "package.json").read_text()

    pins = re.compile(r'"[\w-]+": "[0-9.]+"')
    assert pins.findall(asked)
    assert set(pins.findall(asked)) <= set(pins.findall(tested))
