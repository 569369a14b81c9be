"""The audit finds what is known, and never calls clean what it could not check.

The programs are the real ones. Their services are played by a server of this machine.
"""

import gzip
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.supply_chain import audit
from tests.supply_chain.advisories import NODE, PYTHON, Advisories, NotAudited
from tests.supply_chain.audit import KNOWN, Release, from_npm, from_pip_audit

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SAFE = {PYTHON: Release("sqlparse", "9.9.9"), NODE: Release("idiomorph", "0.8.0")}
BAD = {PYTHON: Release("sqlparse", "0.4.3"), NODE: Release("left-pad", "1.0.0")}


def advisory(ecosystem, name, *, fixed, introduced="0", modified=NOW, key=None, **more):
    events = [{"introduced": introduced}, {"fixed": fixed}]
    return {
        "id": key or f"TEST-{name}",
        "modified": modified.isoformat().replace("+00:00", "Z"),
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        **more,
    }


ALL = [
    advisory(PYTHON, "Django", fixed="4.2.8"),
    advisory(NODE, "lodash", fixed="4.17.21"),
    advisory(PYTHON, "sqlparse", fixed="0.4.4"),
    advisory(NODE, "left-pad", fixed="1.1.3"),
]


def save(folder, advisories):
    for number, one in enumerate(advisories):
        (folder / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    return folder


# --- A saved database ------------------------------------------------------------


@pytest.mark.parametrize(
    ("ecosystem", "version", "is_affected"),
    [
        (PYTHON, "1.9", False),
        (PYTHON, "2.0", True),
        (PYTHON, "2.0.0", True),
        (PYTHON, "2.10", True),
        (PYTHON, "2.11rc1", True),
        (PYTHON, "2.11", False),
        (NODE, "2.0.0-beta.1", False),
        (NODE, "2.0.0", True),
        (NODE, "2.9.10", True),
        (NODE, "2.11.0-rc.1", True),
        (NODE, "2.11.0", False),
        (NODE, "10.0.0", False),
    ],
)
def test_compares_versions_as_the_ecosystem_does(
    tmp_path, ecosystem, version, is_affected
):
    limits = {PYTHON: ("2", "2.11"), NODE: ("2.0.0", "2.11.0")}[ecosystem]
    entry = advisory(ecosystem, "a-b", introduced=limits[0], fixed=limits[1])
    saved = Advisories(save(tmp_path, [entry]), at=NOW)

    assert bool(saved.about(ecosystem, "a-b", version)) is is_affected


def test_reads_lists_of_versions_and_ignores_what_was_withdrawn(tmp_path):
    listed = advisory(PYTHON, "A_b", fixed="0")
    listed["affected"][0]["versions"] = ["1.5"]
    gone = advisory(PYTHON, "a-b", fixed="9", key="GONE", withdrawn="2026-01-01")
    saved = Advisories(save(tmp_path, [listed, gone]), at=NOW)

    assert saved.about(PYTHON, "a-b", "1.5") == ["TEST-A_b"]
    assert saved.about(PYTHON, "a-b", "1.6") == []
    assert saved.about(NODE, "a-b", "1.5") == []


def test_audits_all_locks_with_a_saved_database(tmp_path, capsys):
    options = ["--advisories", str(save(tmp_path, ALL))]

    status = audit.main(options, at=NOW)

    assert (status, capsys.readouterr().out.count(" 0 advisories")) == (0, 7)


def test_reports_a_vulnerable_release_of_a_lock(tmp_path, capsys):
    newest = advisory(PYTHON, "django", fixed="99", key="NEW-1")
    options = ["--advisories", str(save(tmp_path, [*ALL, newest]))]

    status = audit.main(options, at=NOW)

    assert status == 1
    assert capsys.readouterr().out.count(": NEW-1\n") == 2


@pytest.mark.parametrize(
    ("advisories", "at", "reason"),
    [
        ([], NOW, "contains no advisory"),
        (ALL, NOW + timedelta(days=31), "is of 2026-11-29"),
        (ALL[2:], NOW, "does not know that django 4.2.0 is unsafe"),
        (ALL[:1], NOW, "does not know that lodash 4.17.15 is unsafe"),
    ],
    ids=["empty", "old", "incomplete", "without-npm"],
)
def test_a_database_that_says_nothing_is_not_clean(
    tmp_path, capsys, advisories, at, reason
):
    status = audit.main(["--advisories", str(save(tmp_path, advisories))], at=at)

    printed = capsys.readouterr().out
    assert status == 3
    assert reason in printed
    assert "This result is not clean." in printed


def test_an_empty_lock_is_not_clean():
    with pytest.raises(NotAudited, match="no package"):
        audit.audit(lambda releases: ["a finding"], PYTHON, [])


def test_every_lock_and_every_marker_is_audited():
    found = {name: releases for name, _, releases in audit.inventory()}

    assert len(found) == 7
    assert "tests/browser" in found
    assert {name for name, _ in found["requirements-dev.txt"]} >= {"django", "colorama"}
    assert all(found.values())


# --- The services ----------------------------------------------------------------


@contextmanager
def service(answer):
    """Run the services of both programs on a free port, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status, content = answer(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def knows(*entries):
    """Answer as a service does that has these advisories."""

    def answer(query):
        if "package" in query:  # OSV
            name = query["package"]["name"]
            versions = [query["version"]]
        else:  # npm
            [(name, versions)] = query.items()
        found = [
            entry
            for entry in entries
            if entry.name == name and entry.version in versions
        ]
        if "package" in query:
            advised = [advisory(PYTHON, name, fixed="99") for _ in found]
            return 200, {"vulns": advised} if advised else {}
        advised = [
            {
                "id": 1,
                "url": f"https://advisories.example/TEST-{name}",
                "title": "A hole",
                "severity": "high",
                "vulnerable_versions": "<99",
            }
            for _ in found
        ]
        return 200, {name: advised} if advised else {}

    return answer


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """Let the real program audit one release, with a service that answers so."""

    def asked(ecosystem, release, answer):
        source = {PYTHON: from_pip_audit, NODE: from_npm}[ecosystem]
        with service(answer) as url:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
                monkeypatch.delenv(name, raising=False)
            monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
            monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"{url}/v1/query")
            monkeypatch.setenv("npm_config_registry", url)
            monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
            return audit.audit(source, ecosystem, [release])

    return asked


BOTH = pytest.mark.parametrize("ecosystem", [PYTHON, NODE])


@BOTH
def test_asks_the_service_of_the_program(ask, ecosystem):
    answer = knows(KNOWN[ecosystem], BAD[ecosystem])

    assert ask(ecosystem, SAFE[ecosystem], answer) == []
    [line] = ask(ecosystem, BAD[ecosystem], answer)
    assert line.endswith(f"TEST-{BAD[ecosystem].name}")


@BOTH
def test_a_service_without_advisories_is_not_clean(ask, ecosystem):
    with pytest.raises(NotAudited, match="does not know"):
        ask(ecosystem, SAFE[ecosystem], knows())


@BOTH
@pytest.mark.parametrize("status", [404, 503])
def test_a_service_that_fails_is_not_clean(ask, ecosystem, status):
    with pytest.raises(NotAudited):
        ask(ecosystem, SAFE[ecosystem], lambda query: (status, {"vulns": []}))


def test_a_program_that_is_told_to_stay_offline_is_asked_all_the_same(ask, monkeypatch):
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_omit", "dev")

    assert ask(NODE, BAD[NODE], knows(KNOWN[NODE], BAD[NODE])) != []


def test_a_missing_program_is_not_clean(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotAudited, match="npm"):
        from_npm([SAFE[NODE]])
