"""nginx and Caddy, with the files of `deploy/`, in front of two instances."""

import json

import pytest

from config import probe
from tests.deploy.conftest import register
from tests.deploy.instances import HOST

pytestmark = pytest.mark.slow

FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
MIB = 1024 * 1024


def form(file, **fields):
    """Return a multipart form and its header."""
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    begin = (
        '--limit\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    body = "".join([*parts, begin]).encode() + file + b"\r\n--limit--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=limit"}


def problem_of(answer):
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status
    assert problem.keys() >= {"type", "title", "detail", "code"}
    return problem


def test_pages_have_secure_cookies_and_hsts(proxy):
    answer = proxy.ask("GET", "/accounts/login/")

    cookies = answer.headers.get_all("Set-Cookie")
    assert answer.status == 200
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-ownlist_")
        assert "Secure" in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_pages_over_http_are_redirected(proxy):
    answer = proxy.ask("GET", "/accounts/login/?next=/inbox/", tls=False)

    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOST}/accounts/login/?next=/inbox/"


def test_the_api_over_http_is_refused_also_with_a_forged_header(proxy, token):
    answer = proxy.ask("GET", "/api/v1/tasks", None, token | FORGED, tls=False)

    assert answer.status == 403
    assert problem_of(answer)["code"] == "https_required"


def test_the_address_of_the_client_cannot_be_forged(proxy):
    token = register(proxy, FORGED)

    answer = proxy.ask("GET", "/api/v1/credentials", None, token | FORGED)

    assert answer.status == 200, answer
    assert b"127.0.0.0/24" in answer.body
    assert b"203.0.113" not in answer.body


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_another_host_is_not_served(proxy, tls):
    answer = proxy.ask("GET", "/healthz", None, {"Host": "evil.example"}, tls=tls)

    assert b"ok" not in answer.body


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_probes_are_passed_on(proxy, path, tls):
    answer = proxy.ask("GET", path, tls=tls)

    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


def test_an_import_larger_than_the_default_limit_of_nginx_is_accepted(proxy, token):
    note = "x" * 6_000
    table = "title,notes\n" + "".join(f"Task {n},{note}\n" for n in range(270))
    body, form_type = form(table.encode(), format="csv", dry_run="true")
    assert len(body) > 1.5 * MIB

    answer = proxy.ask("POST", "/api/v1/import", body, token | form_type)

    assert answer.status == 200, answer
    assert json.loads(answer.body)["created"] == 270


@pytest.mark.parametrize(
    ("path", "size"), [("/api/v1/tasks", 2 * MIB), ("/api/v1/import", 22 * MIB)]
)
def test_a_body_that_is_too_large_is_refused_with_a_problem_document(
    proxy, token, path, size
):
    answer = proxy.ask("POST", path, b"x" * size, token)

    assert answer.status == 413
    assert problem_of(answer)["code"] == "payload_too_large"


def test_a_page_says_that_a_file_is_too_large(proxy):
    body, headers = form(b"x" * 22 * MIB)

    answer = proxy.ask("POST", "/import", body, headers)

    assert answer.status == 413
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_connection_is_used_for_several_requests(proxy, token):
    with proxy.connected() as connection:
        connection.auto_open = 0
        statuses = []
        for _ in range(20):
            connection.request("GET", "/api/v1/tasks", headers=token)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)

    assert statuses == [200] * 20


def test_logs_of_the_proxy_contain_no_path_and_no_query(proxy, token):
    proxy.ask("GET", "/search/?q=secretword", None, token)
    proxy.ask("POST", "/accounts/secretpath?q=secretword", b"x" * 22 * MIB, token)

    assert "secretword" not in proxy.logs()
    assert "secretpath" not in proxy.logs()


def test_the_probe_of_the_units_finds_an_instance_ready(instances, monkeypatch):
    for name in ("HOST", "BASE_URL", "ALLOWED_HOSTS", "OWNLIST_ENV_FILE"):
        monkeypatch.setenv(name, instances.environment[name])
    monkeypatch.setenv("PORT", str(instances.ports[0]))

    assert probe.main([]) == ""
    assert probe.main(["/healthz", "--wait", "5"]) == ""
    assert "status 301" in probe.main(["/accounts/login/"])
