"""API4:2023 Unrestricted resource consumption: large, deep and costly requests."""

import gzip
import json
from contextlib import contextmanager

import pytest

from tests.benchmarks.processes import cpu_seconds

# Of processor time, which does not grow with what else a machine does. A refusal takes
# milliseconds, but the machine may be slow.
SECONDS = 2
MIB = 1024 * 1024
REFUSED = {400, 404, 411, 413, 414, 415, 422, 429, 431}


def keys(count):
    words = ",".join(f'"k{number}":0' for number in range(count))
    return f'{{{words},"k{count - 1}":1}}'.encode()


def title(text):
    return json.dumps({"title": text}).encode()


BODIES = {
    "2 MiB": b'{"title":"' + b"a" * 2 * MIB + b'"}',
    "nested 100": b"[" * 100 + b"]" * 100,
    "nested 10,000": b"[" * 10_000 + b"]" * 10_000,
    "nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "19,000 keys, one twice": keys(19_000),
    "100,000 keys, one twice": keys(80_000),
    "number of 5,000 digits": b'{"priority":' + b"9" * 5000 + b"}",
    "number 1e999": b'{"priority":1e999}',
    "60,000 combining marks": title("a" + "\u0301" * 60_000 + "\u0323" * 60_000),
    "400 combining marks": title("a" + "\u0301" * 200 + "\u0323" * 200),
    "title of 10,000 characters": title("a" * 10_000),
    "10,000 labels": json.dumps({"title": "x", "labels": [1] * 10_000}).encode(),
    "10,000 empty labels": json.dumps({"title": "x", "labels": [{}] * 10_000}).encode(),
    "nothing but zeroes": b"\0" * 10_000,
    "gzip": gzip.compress(b'{"title":"' + b"a" * MIB + b'"}'),
}


@contextmanager
def little_work(target):
    """Fail if the server works for longer than it may during the block."""
    before = cpu_seconds(target.server.pid)
    yield
    if before is not None:  # as on a system without /proc
        assert cpu_seconds(target.server.pid) - before < SECONDS


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    "path", ["/api/v1/tasks", "/api/v1/auth/token", "/api/me/tasks"]
)
def test_a_costly_body_is_refused_at_once(target, name, path):
    with little_work(target):
        answer = target.api("POST", path, BODIES[name], by="bob")

    assert answer.status in REFUSED


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/tasks/quick", {"text": "x", "literal": [{}] * 30_000}),
        ("/api/v1/tasks/quick", {"text": "x\n" * 5000}),
        ("/api/v1/tasks/quick", {"text": "every " * 5000}),
        ("/api/v1/tasks/bulk", {"ids": ["x"] * 30_000, "action": "complete"}),
        ("/api/v1/recurrence/preview", {"rrule": "FREQ=YEARLY;" * 500}),
        ("/api/v1/recurrence/preview", {"rrule": "FREQ=SECONDLY;INTERVAL=1"}),
        ("/api/v1/recurrence/preview", {"rrule": "FREQ=DAILY;COUNT=999999999"}),
        (
            "/api/v1/recurrence/preview",
            {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        ),
        ("/api/v1/lists", {"name": "a" * 100_000}),
        ("/api/v1/labels", {"name": "a" * 100_000}),
        ("/api/v1/auth/register", {"email": "a" * 100_000, "password": "b" * 100_000}),
        ("/api/v1/auth/token", {"email": "a@b.example", "password": "b" * 100_000}),
        ("/api/v1/auth/token/refresh", {"refresh": "a" * 100_000}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_costly_field_is_refused_at_once(target, path, body):
    with little_work(target):
        answer = target.api("POST", path, body, by="bob")

    assert answer.status in REFUSED | {200, 401}
    assert len(answer.body) < MIB


@pytest.mark.parametrize(
    "query",
    [
        *("page_size=1000000000", "page_size=-1", "page_size=0", "page_size=1e9"),
        *("page_size=all", "page_size=%00", "limit=1000000000", "page=999999999"),
        *("cursor=x", "cursor=" + "A" * 5000, "offset=99999999999999999999"),
        *("q=" + "a" * 5000, "q=" + "%CC%81" * 2000, "q=" + "%20OR%20a" * 500),
        *("label=" + "&label=".join(map(str, range(1500))), "fields=" + "a," * 5000),
        *("due_before=999999-01-01", "due_before=0000-00-00", "modified_since=never"),
    ],
    ids=lambda query: query[:24],
)
def test_no_query_asks_for_more_than_a_page(target, query):
    with little_work(target):
        answer = target.api("GET", f"/api/v1/tasks?{query}", by="alice")

    assert answer.status in REFUSED | {200}
    assert len(answer.body) < MIB


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-"},
        {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(1500))},
        {"Range": "bytes=-1"},
        {"Range": "bytes=9999999999-"},
        {"Accept": "*/*," * 2000},
        {"Accept-Language": "en-" * 2000},
        {"Accept-Encoding": "gzip;q=" + "0" * 5000},
        {"Cookie": "; ".join(f"c{n}=1" for n in range(1000))},
        {"If-None-Match": '"a",' * 3000},
        {"If-Modified-Since": "x" * 8000},
        {"X-Request-ID": "x" * 8000},
        {f"X-Header-{n}": "1" for n in range(150)},
    ],
    ids=lambda headers: repr(headers)[:30],
)
def test_no_header_is_costly(target, headers):
    for path in ("/api/v1/tasks", "/accounts/login/", "/static/css/variables.css"):
        with little_work(target):
            answer = target.send("GET", path, headers=headers)
        assert answer.status in REFUSED | {200, 206, 304, 401, 416}
        assert len(answer.body) < MIB


def multipart(count, size, *, file=False):
    name = '; filename="x"' if file else ""
    part = b'--b\r\nContent-Disposition: form-data; name="f"' + name.encode()
    return (part + b"\r\n\r\n" + b"a" * size + b"\r\n") * count + b"--b--\r\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (multipart(1, 2 * MIB, file=True), "multipart/form-data; boundary=b"),
        (multipart(1, 1000, file=True), "multipart/form-data; boundary=b"),
        (multipart(3000, 1), "multipart/form-data; boundary=b"),
        (multipart(1, 10)[:-20], "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data; boundary=" + "b" * 5000),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded"),
        (b"a" * 2 * MIB, "application/x-www-form-urlencoded"),
        (b"login=%00%ff%fe", "application/x-www-form-urlencoded; charset=utf-7"),
    ],
    ids=["file", "small-file", "parts", "cut", "boundary", "fields", "long", "bytes"],
)
@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/reminders/x/"]
)
def test_no_form_of_a_visitor_is_costly(target, path, body, kind):
    cookies = {"Cookie": "ownlist_csrf=" + "c" * 32, "X-CSRFToken": "c" * 32}
    headers = {"Content-Type": kind, "Origin": target.origin, **cookies}

    with little_work(target):
        answer = target.send("POST", path, body, headers)

    assert answer.status in REFUSED | {200, 403}
    assert list(target.server.uploads.iterdir()) == []


@pytest.mark.parametrize("length", [3_000, 20_000, 70_000])
def test_no_address_is_costly(target, length):
    answer = target.send("GET", "/search/?q=" + "a" * length)

    assert answer.status in REFUSED | {302}
