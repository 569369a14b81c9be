"""Clients that generators make from the OpenAPI document are typed, and work.

Each program beside this file does the same with the client of one generator: it
registers without a token, creates a task, lists, changes by `If-Match`, reads a typed
error and every export. Its types are checked before it runs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

HERE = Path(__file__).parent
DOCUMENT = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
NODE_MODULES = Path(settings.BASE_DIR) / "tests" / "typescript" / "node_modules"
EXPECTED = """\
registered ada@example.com
created Buy milk [ 'errand' ] null
listed [ 'Buy milk' ]
changed Buy oat milk 2
refused 412 version_conflict
plan medium 0 0
json Buy oat milk 2
csv true
ics true
markdown true
"""
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "noUncheckedIndexedAccess": True,
        "target": "ES2022",
        "lib": ["ES2022", "DOM", "DOM.Iterable"],
        "module": "NodeNext",
        "types": [],
    }
}
# What each generator is started with, in a folder with `openapi.yaml`.
TYPESCRIPT = {
    "openapi_fetch.ts": [
        "openapi-typescript",
        "openapi.yaml",
        "--default-non-nullable=false",
        "--output=generated.d.ts",
    ],
    "hey_api.ts": ["openapi-ts", "--file=hey-api.config.mjs"],
    "swagger_typescript_api.ts": [
        "swagger-typescript-api",
        "generate",
        "--path=openapi.yaml",
        "--output=generated",
        "--name=api.ts",
    ],
}
HEY_API = """\
export default {
  input: "openapi.yaml",
  output: { path: "generated", module: { extension: ".js" } },
  plugins: ["@hey-api/client-fetch"],
  logs: { file: false },
};
"""


def run(*command, cwd, **variables):
    """Run a program; return its output, or fail with it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def folder_with(tmp_path, program):
    shutil.copy(DOCUMENT, tmp_path / "openapi.yaml")
    shutil.copy(HERE / program, tmp_path)
    return tmp_path


@pytest.mark.parametrize("program", TYPESCRIPT)
def test_a_client_in_typescript(tmp_path, live_server, program):
    assert NODE_MODULES.is_dir(), "Run `make node-modules`."
    folder = folder_with(tmp_path, program)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "tsconfig.json").write_text(json.dumps(TSCONFIG | {"files": [program]}))
    (folder / "hey-api.config.mjs").write_text(HEY_API)
    generator, *arguments = TYPESCRIPT[program]
    tools = NODE_MODULES / ".bin"

    run(str(tools / generator), *arguments, cwd=folder)
    run(str(tools / "tsc"), cwd=folder)
    said = run(
        "node",
        str(folder / program.replace(".ts", ".js")),
        cwd=folder,
        OWNLIST_URL=live_server.url,
    )

    assert said == EXPECTED


def test_a_client_in_python(tmp_path, live_server):
    program = "openapi_python_client.py"
    folder = folder_with(tmp_path, program)
    tools = Path(sys.executable).parent
    # It formats with the ruff that it finds.
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"

    said = run(
        str(tools / "openapi-python-client"),
        "generate",
        "--path=openapi.yaml",
        "--meta=none",
        "--output-path=generated",
        cwd=folder,
        PATH=path,
    )
    assert not re.search("warning|error", said, re.IGNORECASE), said
    # The generator's own module `client` does not pass a strict check.
    mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"]
    run(*mypy, "--config-file=", program, cwd=folder)
    said = run(sys.executable, program, cwd=folder, OWNLIST_URL=live_server.url)

    assert said == EXPECTED.replace("[ ", "[").replace(" ]", "]").replace(
        "null", "None"
    ).replace("true", "True")
