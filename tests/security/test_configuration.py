"""API8:2023 Security misconfiguration: headers, hosts, methods, framing of requests.

API9:2023 Improper inventory management: nothing is served that is not documented.
"""

import pytest

EVIL = "evil.example"


@pytest.mark.parametrize(
    "host",
    [
        EVIL,
        "evil.example:80",
        "127.0.0.1.evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1:evil",
        "[::1",
        "127.0.0.1, evil.example",
        "127.0.0.1/evil",
        "\u00e9vil.example",
    ],
)
@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/tasks", "/healthz/x"])
def test_another_host_is_refused(target, host, path):
    answer = target.send("GET", path, headers={"Host": host.encode().decode("latin-1")})

    assert answer.status == 400
    assert EVIL not in answer.text


FORWARDED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Host": EVIL,
    "X-Original-URL": "/admin/",
    "X-Rewrite-URL": "/admin/",
    "X-Original-Host": EVIL,
    "Forwarded": f"for=1.2.3.4;host={EVIL};proto=https",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Forwarded-Port": "666",
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "X-Forwarded-User": "alice",
    "Remote-User": "alice",
    "X-Remote-User": "alice",
    "X-User-Id": "1",
    "X-Middleware-Subrequest": "middleware",
}


@pytest.mark.parametrize("name", FORWARDED)
def test_no_header_of_a_proxy_is_believed(target, name):
    headers = {name: FORWARDED[name]}

    for path in ("/inbox/", "/accounts/login/", "/offline/"):
        answer = target.send("GET", path, headers=headers)
        leads_to = answer.headers.get("Location", "/accounts/login/")
        assert EVIL not in answer.text + leads_to
        assert leads_to.startswith("/accounts/login/")
        assert answer.status in {200, 302}
    assert target.send("GET", "/api/v1/tasks", headers=headers).status == 401


@pytest.mark.parametrize(
    "method",
    ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "get", "X" * 50, "G%00"],
)
def test_an_unusual_method_is_refused(target, method):
    answer = target.send(method, "/api/v1/tasks")

    assert answer.status in {400, 401, 404, 405, 501}


@pytest.mark.parametrize(
    "origin",
    [f"https://{EVIL}", "null", "http://127.0.0.1", "https://127.0.0.1:1", "*", ""],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_another_origin_may_not_read(target, origin, method):
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    answer = target.api(method, "/api/v1/users/me", by="bob", headers=headers)

    assert answer.headers.get("Access-Control-Allow-Origin") is None


ANSWERS = [
    ("GET", "/accounts/login/", 200),
    ("GET", "/inbox/", 302),
    ("GET", "/no/such/page/", 404),
    ("GET", "/api/v1/tasks", 401),
    ("GET", "/api/v1/nothing", 404),
    ("PUT", "/accounts/login/", 403),
    ("GET", "/healthz", 200),
    ("GET", "/static/css/variables.css", 200),
    ("GET", "/static/nothing.css", 404),
    ("GET", "/admin/login/", 302),
    ("POST", "/accounts/login/", 403),
    ("GET", "/api/docs", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_kind_of_answer_has_the_headers(target, method, path, status):
    headers = target.send(method, path).headers
    answer = target.send(method, path)

    assert answer.status == status
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Django" not in str(headers)
    assert "Python" not in str(headers)


HIDDEN = [
    *(
        "/.env",
        "/.git/config",
        "/.git/HEAD",
        "/.ssh/id_rsa",
        "/.htaccess",
        "/.DS_Store",
    ),
    *("/var/ownlist.sqlite3", "/ownlist.sqlite3", "/db.sqlite3", "/backup.sql"),
    *("/manage.py", "/config/settings.py", "/requirements.txt", "/pyproject.toml"),
    *("/static/../config/settings.py", "/static/%2e%2e/.env", "/static/..%2f.env"),
    *(
        "/static/..%5c.env",
        "/static//etc/passwd",
        "/static/%00",
        "/media/x",
        "/uploads/",
    ),
    *(
        "/debug",
        "/__debug__/",
        "/metrics",
        "/server-status",
        "/actuator/env",
        "/console",
    ),
    *(
        "/api/v0/lists",
        "/api/v2/lists",
        "/api/v1/admin",
        "/api/v1/users",
        "/api/internal",
    ),
    *("/api/v1/users/1", "/graphql", "/phpinfo.php", "/wp-login.php", "/swagger.json"),
    *(
        "/api/v1/tasks.json",
        "/api/v1/tasks/..%2fadmin",
        "//evil.example/%2e%2e",
        "/%ff",
    ),
    *("/api//v1/tasks", "/API/V1/TASKS", "/api/v1/tasks;x=1", "/robots.txt/../.env"),
]


@pytest.mark.parametrize("path", HIDDEN)
def test_nothing_undocumented_is_served(target, path):
    answers = [target.send("GET", path), target.api("GET", path, by="bob")]

    for answer in answers:
        assert answer.status in {400, 401, 404} or _leads_home(answer)
        assert "SECRET_KEY" not in answer.text
        assert "Traceback" not in answer.text


def _leads_home(answer):
    leads_to = answer.headers.get("Location", "")
    return answer.status in {301, 302} and leads_to.startswith(("/accounts/", "/api"))


# --- Requests that two servers read differently --------------------------------------

NEXT = (
    b"POST /api/v1/tasks HTTP/1.1\r\nHost: {host}\r\n"
    b"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    b'Content-Length: 20\r\n\r\n{"title":"smuggled"}'
)
HEADS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 300\r\n",
    "length list": b"Content-Length: 0, 300\r\n",
    "length with sign": b"Content-Length: +0\r\n",
    "negative length": b"Content-Length: -1\r\n",
    "length with space": b"Content-Length : 0\r\n",
    "folded header": b"X-A: b\r\n Content-Length: 300\r\nContent-Length: 0\r\n",
    "unknown encoding": b"Transfer-Encoding: xchunked\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "encoding with tab": b"Transfer-Encoding:\tchunked\r\nContent-Length: 0\r\n",
    "header without colon": b"Content-Length 0\r\n",
    "bare line feed": b"Content-Length: 0\nX: y\r\n",
    "NUL in a header": b"X-A: a\0b\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_no_second_request_is_hidden_in_the_first(target, name):
    token = target.users["bob"]["access"].encode()
    host = f"127.0.0.1:{target.server.port}".encode()
    hidden = NEXT.replace(b"{host}", host).replace(b"{token}", token)
    body = b"0\r\n\r\n" if b"chunk" in HEADS[name] else b""
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: " + host + b"\r\n" + HEADS[name]

    received = target.raw(head + b"\r\n" + body + hidden)

    # Either it is refused and the connection ends, or both are answered in order.
    answers = received.count(b"HTTP/1.1 ")
    first = received.split(b" ", 2)[1:2]
    assert first in ([], [b"400"], [b"403"], [b"411"], [b"501"])
    if first in ([b"400"], [b"501"]):
        assert answers == 1


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://evil.example/ HTTP/1.1",
        b"GET /inbox/ HTTP/9.9",
        b"GET /inbox/",
        b"GET  /inbox/ HTTP/1.1",
        b"GET /inbox/ HTTP/1.1 X",
        b"GET /\0 HTTP/1.1",
        b"GET /\xff HTTP/1.1",
        b"\x16\x03\x01\x02\x00\x01",
        b"PRI * HTTP/2.0",
        b"GET * HTTP/1.1",
    ],
)
def test_an_odd_request_line_is_refused(target, request_line):
    host = f"127.0.0.1:{target.server.port}".encode()

    received = target.raw(request_line + b"\r\nHost: " + host + b"\r\n\r\n")

    status = received.split(b" ", 2)[1:2]
    assert (
        status in ([], [b"400"], [b"404"], [b"505"]) or b"/accounts/login/" in received
    )
    assert b"evil.example" not in received
