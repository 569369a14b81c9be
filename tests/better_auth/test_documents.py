"""The examples in docs/better-auth.md work, and its tables match the code."""

import ast
import io
import json
import os
import re
import secrets
import select
import shutil
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts import linked_sessions
from accounts.better_auth.doctor import REASONS
from accounts.better_auth.identities import ENDED, INACTIVE, SUSPENDED, link, unlink
from accounts.better_auth.verifier import verify
from accounts.models import LinkedIdentity, User
from tests.patience import PATIENCE
from todos.models import Task

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "better-auth.md"
EXAMPLES = ROOT / "docs" / "examples" / "better-auth"
NODE_MODULES = ROOT / "tests" / "better_auth_server" / "node_modules"
STANDINGS = (INACTIVE, SUSPENDED, ENDED)
ADA = {"email": "ada@example.com", "password": "three green bicycles", "name": "Ada"}

# Serves the example as Next.js would: by its route.
SERVE = """
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, url, headers } = request;
  const body = chunks.length ? Buffer.concat(chunks) : undefined;
  const address = process.env.BETTER_AUTH_URL + url;
  const { [method]: answerTo } = await import("./route.mjs");
  const answer = await answerTo(new Request(address, { method, headers, body }));
  response.writeHead(answer.status, [...answer.headers].flat());
  response.end(await answer.text());
});
server.listen(0, "127.0.0.1", async () => {
  process.env.BETTER_AUTH_URL = `http://127.0.0.1:${server.address().port}`;
  const { auth } = await import("./auth.mjs");
  if (process.env.DATABASE_URL) {
    const { getMigrations } = await import("better-auth/db/migration");
    await (await getMigrations(auth.options)).runMigrations();
  }
  console.log(process.env.BETTER_AUTH_URL);
});
process.stdin.resume().on("end", () => process.exit());
"""

# Replaces the database where there is no PostgreSQL.
IN_MEMORY = """
import { memoryAdapter } from "better-auth/adapters/memory";

const tables = ["user", "session", "account", "verification", "jwks"];
export const database = memoryAdapter(Object.fromEntries(tables.map((t) => [t, []])));
"""


def node(*arguments, **variables):
    """The arguments and the environment of a process without our other settings."""
    command = [shutil.which("node") or "node", *arguments]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return command, {**kept, **variables}


@pytest.fixture
def application(tmp_path):
    """Start the documented application as it is; returns its address."""
    processes = []
    for example in EXAMPLES.glob("*.mjs"):
        shutil.copy(example, tmp_path)
    (tmp_path / "serve.mjs").write_text(SERVE)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)

    def start(database=""):
        if not database:
            (tmp_path / "database.mjs").write_text(IN_MEMORY)
        command, environment = node(
            "serve.mjs",
            BETTER_AUTH_SECRET=secrets.token_hex(32),
            BETTER_AUTH_TELEMETRY="0",
            DATABASE_URL=database,
        )
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert select.select([process.stdout], [], [], PATIENCE)[0], "no start"
        return process.stdout.readline().strip()

    yield start
    for process in processes:
        process.stdin.close()
        process.wait(PATIENCE)
        process.stdout.close()


def sign_up(url):
    """Sign up there as the front end would; return the id."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
    connection.request(
        "POST",
        "/api/auth/sign-up/email",
        json.dumps(ADA),
        {"Content-Type": "application/json"},
    )
    answer = json.load(connection.getresponse())
    connection.close()
    return answer["user"]["id"]


def run_example(url, ownlist):
    """Run the documented calls; return what they print, line by line."""
    command, environment = node(
        str(EXAMPLES / "call-ownlist.mjs"),
        "Buy milk",
        BETTER_AUTH_URL=url,
        OWNLIST_URL=ownlist,
        EMAIL=ADA["email"],
        PASSWORD=ADA["password"],
    )
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_documented_application_and_calls_make_a_task(
    application, live_server, settings
):
    url = application()
    subject = sign_up(url)
    settings.BETTER_AUTH = {"url": url}

    created, listed = run_example(url, live_server.url)

    identity = LinkedIdentity.objects.get()
    task = Task.objects.owned_by(identity.user).get()
    assert (identity.issuer, identity.subject) == (url, subject)
    assert (task.title, str(task.pk)) == ("Buy milk", created["id"])
    assert [one["id"] for one in listed["results"]] == [created["id"]]


@pytest.mark.needs_postgresql
def test_the_documented_role_is_enough_for_the_import(
    better_auth_database, application, settings, monkeypatch, db
):
    url = application(better_auth_database)
    subject = sign_up(url)
    settings.BETTER_AUTH = {"url": url}
    settings.PASSWORD_HASHERS = [
        *settings.PASSWORD_HASHERS,
        "accounts.better_auth.passwords.BetterAuthPasswordHasher",
    ]
    make, drop = sql_blocks()
    role = f"ownlist_import_{secrets.token_hex(8)}"

    with psycopg.connect(better_auth_database, autocommit=True) as operator:
        operator.execute(make.replace("ownlist_import", role))
        parts = urlsplit(better_auth_database)
        place = f"{parts.hostname}:{parts.port}{parts.path}"
        address = f"postgresql://{role}:choose-a-long-one@{place}"
        monkeypatch.setenv("BETTER_AUTH_DATABASE_URL", address)
        try:
            call_command("import_better_auth", stdout=io.StringIO())
            with psycopg.connect(address) as peeping:
                seen = {table: may_read(peeping, table) for table in NOT_FOR_US}
        finally:
            # Only a superuser needs no membership to drop what the role owns.
            operator.execute(f"GRANT {role} TO CURRENT_USER")
            operator.execute(drop.replace("ownlist_import", role))

    user = User.objects.get(email=ADA["email"])
    assert LinkedIdentity.objects.get(user=user).subject == subject
    assert user.check_password(ADA["password"])
    assert seen == dict.fromkeys(NOT_FOR_US, False)


NOT_FOR_US = ("session", "jwks", "verification")


def may_read(connection, table):
    """Tell whether the role of the connection may read a table."""
    query = "SELECT has_any_column_privilege(%s, 'SELECT')"
    return connection.execute(query, [table]).fetchone()[0]


def sql_blocks():
    return re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


# --- Tables and texts ---------------------------------------------------------------


def reasons_in_code():
    """Every reason for a refused token, as the log has it."""
    for path in (ROOT / "accounts").rglob("*.py"):
        if path.name == "doctor.py":  # it explains, and logs nothing
            continue
        for item in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(item, ast.Call) or not item.args:
                continue
            called, text = ast.unparse(item.func), item.args[0]
            if not isinstance(text, ast.Constant):
                continue
            if called.endswith("TokenRejected"):
                yield f"better auth: {text.value}"
            elif called == "refused" and text.value.startswith("better auth: "):
                yield text.value

    for reason in (*STANDINGS, linked_sessions.STAFF):
        yield f"better auth: {reason}"


def section(heading):
    text = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2]
    assert text, f"no heading {heading}"
    return re.split(r"\n## ", text)[0]


def refusals():
    lines = [line for line in section("Refusals").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_table_of_refusals_has_every_reason_and_no_other():
    listed = [row[0].strip("`") for row in refusals()[2:] if "better auth" in row[0]]

    expected = set(reasons_in_code())

    assert {"better auth: expired", "better auth: ended by its user"} <= expected
    assert sorted(listed) == sorted(expected)
    assert all(len(row) == 4 and all(row) for row in refusals())


def test_the_doctor_explains_every_reason():
    given = {name.removeprefix("better auth: ") for name in reasons_in_code()}
    in_own_words = {"issuer", "audience", linked_sessions.STAFF, *STANDINGS}

    assert given - in_own_words - REASONS.keys() == set()


def test_the_page_shows_the_examples_as_they_are():
    blocks = re.findall(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)

    assert (EXAMPLES / "auth.mjs").read_text("utf-8") in blocks


def test_the_page_names_the_version_that_is_tested():
    lock = json.loads((NODE_MODULES.parent / "package.json").read_text("utf-8"))

    page = PAGE.read_text("utf-8")

    for package, version in lock["dependencies"].items():
        if package != "pg":
            assert f"`{package}` {version}" in page


def test_the_picture_has_a_text_alternative_and_both_colour_schemes():
    picture = (PAGE.parent / "better-auth.svg").read_text("utf-8")
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own file
    names = {child.tag.rpartition("}")[2]: child.text for child in root}

    assert len(names["title"]) > 10
    assert len(names["desc"]) > 100
    assert "prefers-color-scheme: dark" in picture
    assert root.attrib["role"] == "img"


# --- What the page says beyond the other tests --------------------------------------


def logged_reasons(caplog):
    return [record.reason for record in caplog.records if hasattr(record, "reason")]


@pytest.mark.django_db
def test_a_token_of_an_untrusted_issuer_is_logged_as_documented(
    better_auth, api_with, caplog
):
    token = better_auth.token(better_auth.sign_up())

    with caplog.at_level("INFO"):
        call = api_with(token).get("/api/v1/tasks")
        by_call = logged_reasons(caplog)
        caplog.clear()
        exchange = api_with(token).post("/api/v1/auth/token/exchange")

    assert (call.status_code, exchange.status_code) == (401, 401)
    assert by_call == ["own token: not verified"]
    assert logged_reasons(caplog) == []


@pytest.mark.django_db
def test_after_disconnecting_the_same_token_makes_a_new_and_empty_account(
    better_auth, trust, api_with, alice
):
    trust(better_auth)
    token = better_auth.token(better_auth.sign_up())
    proof = verify(token, now=time.time())
    identity = link(user=alice, token=proof, at=timezone.now())
    before = api_with(token).get("/api/v1/users/me").json()["id"]

    unlink(user=alice, identity=identity, at=timezone.now())

    after = api_with(token).get("/api/v1/users/me").json()["id"]
    assert before == str(alice.pk)
    assert after != before
