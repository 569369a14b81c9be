"""`manage.py backup` and `manage.py restore`: what they do, and what they refuse."""

import http.cookiejar
import json
import re
import shlex
import shutil
import sqlite3
import stat
import subprocess
import sys
import urllib.request
import zipfile
from contextlib import closing, contextmanager
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest

from config.backups.manifest import Manifest
from config.version import VERSION
from tests import backups
from tests.benchmarks import processes

pytestmark = pytest.mark.slow

TABLES = "todos_task", "todos_tasklist", "todos_change", "todos_label", "accounts_user"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def deployment(request, tmp_path_factory):
    with backups.deployed(request.param, tmp_path_factory.mktemp("backup")) as ready:
        yield ready


@pytest.fixture(scope="module")
def backup(deployment):
    return deployment.backup("first.backup")


@contextmanager
def unchanged(deployment):
    before = deployment.state()
    yield
    assert deployment.state() == before


def rows_of(deployment, name=None):
    with deployment.connected(name) as rows:
        return {
            table: sorted(repr(row) for row in rows(f"SELECT * FROM {table}"))  # noqa: S608
            for table in TABLES
        }


def manifest_of(backup):
    with zipfile.ZipFile(backup) as archive:
        return Manifest.from_json(archive.read("manifest.json"))


def test_without_a_name_it_is_dated_and_private(deployment):
    status, printed = deployment.manage("backup")

    assert status == 0, printed
    (made,) = (deployment.directory / "backups").iterdir()
    assert re.fullmatch(r"ownlist-\d{4}-\d\d-\d\dT\d{6}Z\.backup", made.name)
    assert printed.startswith(f"{made}: ")
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    shutil.rmtree(made.parent)


def test_the_manifest_counts_every_table(deployment, backup):
    manifest = manifest_of(backup)

    with deployment.connected() as rows:
        found = {name: rows(f"SELECT count(*) FROM {name}")[0][0] for name in TABLES}  # noqa: S608
    assert {name: manifest.tables[name] for name in TABLES} == found
    assert manifest.kind == deployment.kind
    assert manifest.version == VERSION
    assert found["todos_task"] > 10


def test_restores_beside_the_present_database(deployment, backup):
    name = "beside" if deployment.kind == "postgresql" else deployment.directory / "b"

    status, printed = deployment.manage(
        "restore", backup, "--no-switch", "--into", name
    )

    assert status == 0, printed
    assert "Nothing was replaced" in printed
    assert "Warning" not in printed
    assert rows_of(deployment, name) == rows_of(deployment)
    with deployment.connected() as rows:
        ((last,),) = rows("SELECT max(last_seq) FROM todos_ledger")
    with deployment.connected(name) as rows:
        found = rows("SELECT purged_seq, last_seq FROM todos_ledger")
    assert found
    # No client continues to read changes from before the restore.
    assert all(last < purged == now for purged, now in found)


def sign_in(address, deployment):
    """Sign in to the demo account as a browser does, and return the page after it."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    login = f"{address}/accounts/login/"
    browser.open(login).close()
    form = {
        "login": "demo@ownlist.example",
        "password": json.loads((deployment.directory / "demo.json").read_text())[
            "password"
        ],
        "csrfmiddlewaretoken": {c.name: c.value for c in jar}["ownlist_csrf"],
    }
    return browser.open(login, urlencode(form).encode())


def test_the_restored_database_is_looked_at_and_removed_as_printed(
    deployment, backup, tmp_path
):
    """With the settings of a service behind a proxy."""
    name = "seen" if deployment.kind == "postgresql" else deployment.directory / "seen"
    service = deployment.environment | {
        "BASE_URL": "https://lists.example.com",
        "PROXY_COUNT": "1",
        "METRICS_ADDRESS": "127.0.0.1:1",  # may not be listened on, or is taken
    }

    status, printed = deployment.manage(
        "restore", backup, "--no-switch", "--into", name, **service
    )
    (command,) = re.findall(r"^  env (DATABASE_URL=.*)$", printed, re.MULTILINE)
    (removal,) = re.findall(r"remove the database:\n  (.*)$", printed, re.MULTILINE)

    assert status == 0, printed
    assert "SECRET_KEY" not in printed
    port, password = processes.free_port(), urlsplit(service["DATABASE_URL"]).password
    assert not password or password not in printed
    words = shlex.split(command.replace("8002", str(port)))
    *chosen, program, _, module = words
    environ = dict(word.split("=", 1) for word in chosen)
    environ["DATABASE_URL"] = environ["DATABASE_URL"].replace("********", str(password))
    assert (program, module) == (".venv/bin/python", "config.server")
    with processes.serving(
        [sys.executable, "-m", module],
        port=port,
        environment=service | environ,
        log=tmp_path / "log",
    ):
        shown = sign_in(f"http://127.0.0.1:{port}", deployment)
    assert "/accounts/" not in shown.url
    assert "Inbox" in shown.read().decode()
    if deployment.kind == "postgresql":
        assert removal == "runuser -u postgres -- dropdb seen"
    else:
        subprocess.run(shlex.split(removal), check=True)
        assert not list(deployment.directory.glob("seen*"))


def test_switches_to_the_restored_database_and_keeps_the_other(deployment, backup):
    before = rows_of(deployment)
    deployment.change("UPDATE todos_task SET title = 'Changed after the backup'")
    changed = rows_of(deployment)

    status, printed = deployment.manage("restore", backup)

    assert status == 0, printed
    (kept,) = re.findall(r"The earlier one is kept as (\S+)", printed)
    assert rows_of(deployment) == before
    assert rows_of(deployment, kept) == changed != before
    status, printed = deployment.manage("check", "--database", "default")
    assert status == 0, printed


def test_restores_where_there_is_no_database(deployment, backup, tmp_path):
    """As on a new machine."""
    name = "fresh" if deployment.kind == "postgresql" else tmp_path / "fresh"

    status, printed = deployment.manage("restore", backup, **of(deployment, name))

    assert status == 0, printed
    assert "is kept as" not in printed
    assert rows_of(deployment, name) == rows_of(deployment)


def test_restores_over_a_damaged_database_and_keeps_all_of_it(
    deployment, backup, tmp_path
):
    if deployment.kind == "postgresql":
        pytest.skip("SQLite only")
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"not a database" * 1000)
    log = tmp_path / "damaged-wal"
    log.write_bytes(b"not a log")

    status, printed = deployment.manage("restore", backup, **of(deployment, damaged))

    assert status == 0, printed
    (kept,) = re.findall(r"The earlier one is kept as (\S+)", printed)
    with open(kept, "rb") as earlier, open(f"{kept}-wal", "rb") as earlier_log:
        assert earlier.read() == b"not a database" * 1000
        assert earlier_log.read() == b"not a log"
    assert rows_of(deployment, damaged) == rows_of(deployment)


def test_restores_the_database_behind_a_symbolic_link(deployment, backup, tmp_path):
    if deployment.kind == "postgresql":
        pytest.skip("SQLite only")
    real, link = tmp_path / "real" / "lists.sqlite3", tmp_path / "link.sqlite3"
    real.parent.mkdir()
    shutil.copy(deployment.database, real)
    link.symlink_to(real)

    status, printed = deployment.manage("restore", backup, **of(deployment, link))

    assert status == 0, printed
    assert link.is_symlink()
    (kept,) = re.findall(r"The earlier one is kept as (\S+)", printed)
    assert kept.startswith(f"{real}.before-")
    assert rows_of(deployment, real) == rows_of(deployment)


def test_an_empty_database_is_refused(deployment, tmp_path):
    if deployment.kind == "sqlite":
        (tmp_path / "empty").touch()
        environment = of(deployment, tmp_path / "empty")
    else:
        environment = of(deployment, "template1")

    status, printed = deployment.manage("backup", tmp_path / "none", **environment)

    assert status == 1
    assert "has no tables of Ownlist" in printed


def test_never_overwrites_a_backup(deployment, backup):
    before = backup.read_bytes()

    status, printed = deployment.manage("backup", backup)

    assert status == 1
    assert "exists already" in printed
    assert backup.read_bytes() == before


def test_a_full_disk_leaves_no_backup(deployment):
    with unchanged(deployment):
        status, printed = deployment.manage(
            "backup", deployment.directory / "full", file_size=5_000
        )

    assert status == 1
    assert "CommandError" in printed
    assert "Traceback" not in printed
    assert re.search("can't be (written|copied)", printed)


def refused(deployment, *arguments, **options):
    """Return the error of a restore that changes nothing."""
    with unchanged(deployment):
        status, printed = deployment.manage("restore", *arguments, **options)
    assert status == 1, printed
    assert "Traceback" not in printed
    return printed


def test_restores_and_migrates_a_backup_of_an_earlier_version(deployment, backup):
    """The last migration is taken back in a copy, which is then backed up."""
    old = "old" if deployment.kind == "postgresql" else deployment.directory / "old"
    new = "new" if deployment.kind == "postgresql" else deployment.directory / "new"
    deployment.manage("restore", backup, "--no-switch", "--into", old)
    environment = of(deployment, old)
    status, printed = deployment.manage("migrate", "todos", "0008", **environment)
    assert status == 0, printed
    earlier = deployment.directory / "earlier.backup"
    status, printed = deployment.manage("backup", earlier, **environment)
    assert status == 0, printed

    assert "add --other-version" in refused(deployment, earlier)
    status, printed = deployment.manage(
        "restore", earlier, "--other-version", "--no-switch", "--into", new
    )

    assert status == 0, printed
    assert rows_of(deployment, new) == rows_of(deployment)


def of(deployment, name):
    """Return the settings for another database of the deployment."""
    if deployment.kind == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{name}"}
    urls = ("DATABASE_URL", "MIGRATION_DATABASE_URL")
    return {
        url: deployment.environment[url].rpartition("/")[0] + f"/{name}" for url in urls
    }


def test_refuses_while_a_connection_is_open(deployment, backup):
    with deployment.connected() as rows:
        rows("SELECT count(*) FROM todos_task")

        with unchanged(deployment):
            status, printed = deployment.manage("restore", backup)

    assert status == 1
    assert "Stop it" in printed or "Stop the service" in printed


def test_refuses_while_a_server_runs_that_had_no_request_yet(
    deployment, backup, tmp_path
):
    if deployment.kind == "postgresql":
        pytest.skip("a server without a connection does not notice the switch")

    with deployment.serving(tmp_path / "served"):
        assert "Stop it" in refused(deployment, backup)


def test_a_full_disk_ends_a_restore_and_changes_nothing(deployment, backup):
    if deployment.kind == "postgresql":
        pytest.skip("the disk is that of the server")

    assert "can't be written" in refused(deployment, backup, file_size=100_000)


def test_a_disk_that_fills_late_leaves_nothing_half_made(deployment, backup, tmp_path):
    """The database just fits. What the migrations add to it does not."""
    if deployment.kind == "postgresql":
        pytest.skip("the disk is that of the server")
    shutil.copy(deployment.database, tmp_path / "old")
    environment = of(deployment, tmp_path / "old")
    status, printed = deployment.manage("migrate", "todos", "0002", **environment)
    assert status == 0, printed
    with closing(sqlite3.connect(tmp_path / "old")) as database:
        database.execute("VACUUM")  # else they fit into free pages
    earlier = tmp_path / "earlier.backup"
    status, printed = deployment.manage("backup", earlier, **environment)
    assert status == 0, printed
    folder = tmp_path / "folder"
    folder.mkdir()
    size = manifest_of(earlier).parts["ownlist.sqlite3"].bytes

    status, printed = deployment.manage(
        *("restore", earlier, "--other-version", "--no-switch"),
        *("--into", folder / "new"),
        file_size=size,
    )

    assert status == 1
    assert "Traceback" not in printed
    assert re.search(r"folder/new can't be made\. SQLite reports: .*\bdisk\b", printed)
    assert not list(folder.iterdir())


def test_refuses_a_target_that_exists(deployment, backup):
    if deployment.kind == "postgresql":
        printed = refused(deployment, backup, "--no-switch", "--into", "ownlist")
        assert "is the present database" in printed
        with as_superuser(deployment) as execute:
            execute("CREATE DATABASE full_one")
        with psycopg.connect(deployment.named("full_one")) as admin:
            admin.execute("CREATE TABLE something (id int)")
        printed = refused(deployment, backup, "--no-switch", "--into", "full_one")
        assert "is not empty" in printed
    else:
        printed = refused(deployment, backup, "--into", deployment.database)
        assert "exists already" in printed


@contextmanager
def as_superuser(deployment):
    with psycopg.connect(deployment.named("postgres"), autocommit=True) as admin:
        yield admin.execute


class TestRolesOfPostgresql:
    @pytest.fixture(autouse=True)
    def postgresql(self, deployment):
        if deployment.kind != "postgresql":
            pytest.skip("SQLite has no roles")

    def test_the_role_of_the_service_works_and_owns_nothing(self, deployment, backup):
        status, printed = deployment.manage("restore", backup)
        assert status == 0, printed

        status, printed = deployment.manage(
            "check", "--deploy", "--database", "default"
        )
        assert status == 0
        assert not re.search(r"config\.W02[456]", printed)
        with psycopg.connect(deployment.environment["DATABASE_URL"]) as service:
            assert service.execute("SELECT count(*) FROM todos_task").fetchone() == (0,)
            ((owner,),) = service.execute("SELECT id FROM accounts_user").fetchall()
            service.execute(f"SET app.user_id = '{owner}'")
            ((tasks,),) = service.execute("SELECT count(*) FROM todos_task").fetchall()
        assert tasks > 10

    def test_policies_and_constraints_are_those_of_the_migrations(
        self, deployment, backup
    ):
        deployment.manage("restore", backup, "--no-switch", "--into", "compared")

        assert schema_of(deployment, "compared") == schema_of(deployment, "ownlist")

    def test_a_role_that_sees_no_rows_is_refused(self, deployment):
        with unchanged(deployment):
            status, printed = deployment.manage(
                "backup", deployment.directory / "none", MIGRATION_DATABASE_URL=""
            )

        assert status == 1
        assert "does not see the rows of all users" in printed

    def test_a_role_that_may_not_create_databases_is_told_what_to_do(
        self, deployment, backup
    ):
        with as_superuser(deployment) as execute:
            execute("ALTER ROLE ownlist_owner NOCREATEDB")
            try:
                assert "name it with --into" in refused(deployment, backup)

                execute("CREATE DATABASE made OWNER ownlist_owner")
                status, printed = deployment.manage("restore", backup, "--into", "made")
            finally:
                execute("ALTER ROLE ownlist_owner CREATEDB")

        assert status == 0, printed
        assert "may not rename databases" in printed
        assert re.search(
            r"^  DATABASE_URL=\S+//ownlist_app:\*+@.*/made$", printed, re.M
        )
        assert rows_of(deployment, "made") == rows_of(deployment)


# PostgreSQL writes a condition that was read from its own text with other casts.
CASTS = re.compile(r"::(?:text|character varying)(?:\[\])?|[()]")


def schema_of(deployment, name):
    with deployment.connected(name) as rows:
        return [
            [
                tuple(CASTS.sub("", str(value)) for value in row)
                for row in rows(f"{query} ORDER BY 1, 2")
            ]
            for query in (
                "SELECT polrelid::regclass::text, polname,"
                " pg_get_expr(polqual, polrelid) FROM pg_policy",
                "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
                " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
                "SELECT indexname, indexdef FROM pg_indexes"
                " WHERE schemaname = 'public'",
                "SELECT sequencename, last_value FROM pg_sequences",
                "SELECT proname, prosrc FROM pg_proc"
                " WHERE pronamespace = 'public'::regnamespace",
                "SELECT table_name, privilege_type FROM"
                " information_schema.table_privileges WHERE grantee = 'ownlist_app'",
            )
        ]
