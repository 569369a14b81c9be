"""Bad input never gives a 500: the response names the error, and nothing is stored."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from accounts import tokens
from accounts.models import User
from tests.factories import TaskFactory, TaskListFactory
from tests.tables import as_one_test
from todos.models import Change, Label, Task, TaskList

pytestmark = [pytest.mark.unmeasured, pytest.mark.slow]

# (method, path): every endpoint that reads a body, with Alice's ids in the path.
WRITES = [
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/token"),
    ("POST", "/api/v1/auth/token/refresh"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/password"),
    ("PATCH", "/api/v1/users/me"),
    ("POST", "/api/v1/tasks"),
    ("PUT", "/api/v1/tasks/{task}"),
    ("PATCH", "/api/v1/tasks/{task}"),
    ("POST", "/api/v1/users/me/tasks"),
    ("POST", "/api/v1/lists"),
    ("PATCH", "/api/v1/lists/{list}"),
    ("POST", "/api/v1/tasks/{task}/move"),
    ("POST", "/api/v1/tasks/bulk"),
    ("POST", "/api/v1/lists/{list}/move"),
    ("POST", "/api/v1/labels"),
    ("POST", "/api/me/tasks"),
    ("PUT", "/api/me/tasks/{task}"),
    ("PATCH", "/api/me/tasks/{task}"),
    ("PATCH", "/api/me/tasks/{task}/complete"),
]
# These accept no body, and must not fail if one is sent.
WITHOUT_BODY = [
    ("POST", "/api/v1/tasks/{task}/complete"),
    ("POST", "/api/v1/tasks/{task}/reopen"),
    ("POST", "/api/v1/tasks/{task}/restore"),
    ("POST", "/api/v1/lists/{list}/restore"),
    ("DELETE", "/api/v1/tasks/{task}"),
    ("DELETE", "/api/v1/lists/{list}"),
]
ALL = WRITES + WITHOUT_BODY


def _id(value):
    if isinstance(value, tuple):
        return " ".join(value)
    return repr(value)[:40]


@pytest.fixture
def alices(alice, settings):
    """A task and a list of Alice, and a client that sends raw bytes with her token."""
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (10_000, 60))
    return Sender(alice)


class Sender:
    def __init__(self, user):
        self.user = user
        self.ids = {
            "task": TaskFactory(owner=user, title="Untouched").pk,
            "list": TaskListFactory(owner=user, name="Untouched").pk,
        }
        pair = tokens.start_family(user=user, at=timezone.now())
        self.client = Client(headers={"Authorization": f"Bearer {pair.access}"})
        self.client.raise_request_exception = False

    def send(self, method, path, body=b"", content_type="application/json", **headers):
        """Send `body`, bytes or text, exactly as it is."""
        if isinstance(body, str):
            body = body.encode()
        for name, one in self.ids.items():
            path = path.replace(f"{{{name}}}", str(one))
        return self.client.generic(method, path, body, content_type, headers=headers)

    def send_json(self, method, path, value):
        # Escapes everything outside ASCII, including what UTF-8 can't encode.
        return self.send(method, path, json.dumps(value))

    def stored(self):
        """Return counts and versions of everything that a refusal must not change."""
        return (
            Change.objects.count(),
            sorted(Task.objects.values_list("pk", "title", "version")),
            sorted(TaskList.objects.values_list("pk", "name", "version")),
            Label.objects.count(),
            User.objects.count(),
        )


def assert_problem(response, *statuses):
    """Assert that the response is a problem document with these errors."""
    assert response.status_code in statuses, response.content[:300]
    problem = response.json()
    assert isinstance(problem["detail"], str)
    if response["Content-Type"] == "application/problem+json":
        assert problem["status"] == response.status_code
        assert problem["code"]


# --- Bodies that are not a JSON object -------------------------------------------

BROKEN_BODIES = [
    b"",
    b" ",
    b"{",
    b"}",
    b"[",
    b"{]",
    b'{"title": }',
    b'{"title": "a",}',
    b"{'title': 'a'}",
    b'{"title": "a"} {"title": "b"}',
    b'{"title": "line\nbreak"}',
    b'{"title": "\\x41"}',
    b'{"title": "\\u12"}',
    b'{"title": "a", "title": "b"}',
    b'{"recurrence": {"rrule": "a", "rrule": "b"}, "title": "a"}',
    b'{"title": "a", "priority": NaN}',
    b'{"title": "a", "priority": Infinity}',
    b'{"title": "a", "priority": -Infinity}',
    b'{"title": "a", "priority": ' + b"9" * 5000 + b"}",
    b'{"title": "a", "priority": -' + b"9" * 5000 + b"}",
    b'{"title": "\xff\xfe"}',
    b'{"title": "\xc0\x80"}',
    b'{"title": "\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}x",
    '{"title": "a"}'.encode("utf-16"),
    '{"title": "a"}'.encode("utf-32"),
    b"\x00",
    b"\x00\x01\x02\x03",
    b"\x1f\x8b\x08\x00garbage",
    b"<title>a</title>",
    b"title=a",
    b"[" * 9_000,
    b"[" * 9_000 + b"]" * 9_000,
    b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
    b'{"title":' + b"[" * 50 + b"]" * 50 + b"}",
    b"null",
    b"true",
    b"7",
    b"1e999",
    b'"title"',
    b"[]",
    b"[1, 2]",
    b'[{"title": "a"}]',
]


@as_one_test
@pytest.mark.parametrize("body", BROKEN_BODIES, ids=_id)
def test_every_operation_refuses_a_body_that_is_not_an_object(alices, body):
    before = alices.stored()

    for method, path in WRITES:
        if not body and method != "POST":
            continue  # an empty change is valid, and the plan's PUT is also partial
        assert_problem(alices.send(method, path, body), 400, 422)

    assert alices.stored() == before


@as_one_test
@pytest.mark.parametrize("body", BROKEN_BODIES, ids=_id)
def test_a_body_that_is_not_read_is_ignored(alices, body):
    for method, path in WITHOUT_BODY:
        assert alices.send(method, path, body).status_code < 500


# More values than allowed, and deeper nesting than Python supports.
OVERFULL_BODIES = [
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"title": "a", "labels": [' + b"1," * 100_000 + b"1]}",
]


@as_one_test
@pytest.mark.parametrize("body", OVERFULL_BODIES, ids=_id)
def test_a_body_of_too_many_values_is_refused_as_too_large(alices, body):
    before = alices.stored()

    for method, path in WRITES:
        assert_problem(alices.send(method, path, body), 413)

    assert alices.stored() == before


@as_one_test
@pytest.mark.parametrize("endpoint", WRITES, ids=_id)
def test_a_body_over_the_limit_is_refused_as_too_large(alices, endpoint):
    before = alices.stored()
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = b'{"title": "' + b"a" * limit + b'"}'

    response = alices.send(*endpoint, body)

    assert_problem(response, 413)
    assert alices.stored() == before


@as_one_test
@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "text/html",
        "application/xml",
        "application/octet-stream",
        "application/jsonp",
        "json",
        "/",
        ";;;",
        "\x00",
        "a" * 10_000,
    ],
    ids=_id,
)
def test_an_unsupported_media_type_is_refused(alices, content_type):
    before = alices.stored()

    for method, path in WRITES:
        response = alices.send(method, path, b'{"title": "a"}', content_type)
        assert_problem(response, 415)

    assert alices.stored() == before


def test_json_is_accepted_with_any_parameters_of_its_media_type(alices):
    response = alices.send(
        "POST", "/api/v1/tasks", '{"title": "Käse"}', "Application/JSON; charset=x"
    )

    assert response.status_code == 201
    assert response.json()["title"] == "Käse"


# --- Fields ----------------------------------------------------------------------

WRONG_TYPES = [7, 1.5, True, [], {}, ["a"], {"a": 1}, [[]], 10**29, -1]
UNKEEPABLE = [
    "\x00",
    "nul \x00 inside",
    "bell \x07",
    "escape \x1b[31m",
    "delete \x7f",
    "c1 \x85 inside",
    "\ud800",
    "half \udfff pair",
    "\udfff\ud800",
]
BLANK = ["", " ", "\t\n", "\u2003", "\u00a0"]

BAD_TASK_FIELDS = [
    *[("title", value) for value in [*WRONG_TYPES, *UNKEEPABLE, *BLANK, None]],
    ("title", "a" * 501),
    ("title", "two\nlines"),
    ("title", "\ufb01" * 501),
    *[("notes", value) for value in [*WRONG_TYPES, *UNKEEPABLE, None]],
    ("notes", "a" * 20_001),
    *[
        ("priority", value)
        for value in [
            0,
            5,
            -1,
            10**29,
            1.5,
            3.0,
            "3",
            "high",
            True,
            None,
            [],
            {},
            1e300,
        ]
    ],
    *[
        ("due_date", value)
        for value in [
            "",
            "tomorrow",
            "2027-02-30",
            "1899-12-31",
            "3000-01-01",
            "0000-00-00",
            "9999-12-31",
            "10000-01-01",
            "2027-02-28\x00",
            20270228,
            True,
            [],
            {},
        ]
    ],
    *[("start_date", value) for value in ["soon", "0001-01-01", 7, [], {}]],
    *[
        ("due_time", value)
        for value in ["", "25:00", "9", "noon", "24:00", 900, True, [], {}, "\x00"]
        + ["9:5", "09:00Z", "09:00\n", "\u0660\u0669:\u0660\u0660", "09:00:60"]
    ],
    *[
        ("due_tz", value)
        for value in ["Mars/Base", "../etc/passwd", "a" * 65, "UTC\x00", 1, [], {}, ""]
    ],
    *[
        ("list", value)
        for value in [
            "",
            "x",
            "0" * 32,
            "\x00",
            "\ud800",
            7,
            -1,
            10**29,
            True,
            [],
            {},
            None,
        ]
    ],
    *[
        ("parent", value)
        for value in ["", "x", "0" * 32, "\x00", "\ud800", 7, -1, 10**29, True, [], {}]
    ],
    *[
        ("labels", value)
        for value in [
            "home",
            7,
            None,
            {},
            [7],
            [None],
            [""],
            [" "],
            [[]],
            [{}],
            ["a" * 51],
            ["a\x00"],
            ["\ud800"],
            [f"label {number}" for number in range(21)],
        ]
    ],
    *[
        ("recurrence", value)
        for value in [
            "FREQ=DAILY",
            7,
            [],
            {},
            {"rrule": None},
            {"rrule": ""},
            {"rrule": "DAILY"},
            {"rrule": "FREQ=SECONDLY"},
            {"rrule": "FREQ=DAILY;INTERVAL=0"},
            {"rrule": "FREQ=DAILY;INTERVAL=1_0"},
            {"rrule": "FREQ=DAILY;INTERVAL=\u0663"},
            {"rrule": "FREQ=DAILY;INTERVAL= 3"},
            {"rrule": "FREQ=DAILY;INTERVAL=99999"},
            {"rrule": "FREQ=DAILY;FREQ=DAILY"},
            {"rrule": "FREQ=DAILY;\x00"},
            {"rrule": "FREQ=DAILY;BYSETPOS=\ud800"},
            {"rrule": "FREQ=DAILY\nDTSTART:20270101"},
            {"rrule": "A" * 201},
            {"anchor": "due"},
            {"rrule": "FREQ=DAILY", "anchor": "never"},
            {"rrule": "FREQ=DAILY", "anchor": []},
        ]
    ],
]


def _name_of(case):
    field, value = case
    return f"{field}={value!r}"[:60]


@as_one_test
@pytest.mark.parametrize("case", BAD_TASK_FIELDS, ids=_name_of)
def test_a_bad_field_of_a_task_is_named_and_nothing_is_stored(alices, case):
    field, value = case
    before = alices.stored()
    body = {"title": "a", "due_date": "2027-02-28", "due_time": "09:00", field: value}

    for method, path in [
        ("POST", "/api/v1/tasks"),
        ("PUT", "/api/v1/tasks/{task}"),
        ("PATCH", "/api/v1/tasks/{task}"),
    ]:
        response = alices.send_json(method, path, body)

        assert_problem(response, 400)
        errors = response.json()["errors"]
        assert {name.partition(".")[0] for name in errors} == {field}, method
        assert field in response.json()["detail"]

    assert alices.stored() == before


@as_one_test
@pytest.mark.parametrize(
    "case",
    [
        *[("name", value) for value in [*WRONG_TYPES, *UNKEEPABLE, *BLANK, None]],
        ("name", "a" * 101),
        *[("colour", value) for value in ["", "pinkish", 7, None, [], {}, "\x00"]],
        *[
            ("archived_at", value)
            for value in [
                "",
                "now",
                7,
                True,
                [],
                {},
                "2027-02-30T00:00:00Z",
                "0001-01-01T00:00:00+14:00",
                "9999-12-31T23:59:59-14:00",
                "10000-01-01T00:00:00Z",
            ]
        ],
    ],
    ids=_name_of,
)
def test_a_bad_field_of_a_list_is_named_and_nothing_is_stored(alices, case):
    field, value = case
    before = alices.stored()

    for method, path in [("POST", "/api/v1/lists"), ("PATCH", "/api/v1/lists/{list}")]:
        response = alices.send_json(method, path, {"name": "a", field: value})

        assert_problem(response, 400)
        assert list(response.json()["errors"]) == [field], method

    assert alices.stored() == before


@as_one_test
@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("title", "a" * 500, "a" * 500),
        ("title", "  " + "a" * 500 + "\n", "a" * 500),
        ("title", "e\u0301" * 500, "\u00e9" * 500),
        ("title", "\U0001f600" * 500, "\U0001f600" * 500),
        ("title", "'; DROP TABLE todos_task; --", "'; DROP TABLE todos_task; --"),
        ("title", "%s %(x)s {0} {x} %", "%s %(x)s {0} {x} %"),
        ("notes", "a" * 20_000, "a" * 20_000),
        ("notes", "tab\tand\r\nlines\rof all kinds", "tab\tand\nlines\nof all kinds"),
        ("due_date", "1900-01-01", "1900-01-01"),
        ("due_date", "2999-12-31", "2999-12-31"),
        ("labels", ["a" * 50], ["a" * 50]),
        ("labels", ["Home", "HOME", "home"], ["Home"]),
        ("labels", [f"l{number:02}" for number in range(20)], None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_text_up_to_the_limit_is_stored(alices, field, value, kept):
    response = alices.send_json("POST", "/api/v1/tasks", {"title": "a", field: value})

    assert response.status_code == 201, response.content[:300]
    assert response.json()[field] == (value if kept is None else kept)


@pytest.mark.parametrize("letter", ["\ufb03", "\u0390", "\u1fb7", "\u0130", "\u00df"])
def test_a_label_that_grows_when_compared_is_kept_or_refused(alices, letter):
    """Case folding turns some letters into three, so the key can be too long."""
    response = alices.send_json(
        "POST", "/api/v1/tasks", {"title": "a", "labels": [letter * 50]}
    )

    assert response.status_code in {201, 400}
    if response.status_code == 400:
        assert list(response.json()["errors"]) == ["labels"]


# --- Paths and queries -----------------------------------------------------------


@as_one_test
@pytest.mark.parametrize(
    "query",
    [
        "page_size=abc",
        "page_size=0",
        "page_size=201",
        "page_size=-1",
        "page_size=1e9",
        "page_size=" + "9" * 5000,
        "page_size=%00",
        "ordering=owner",
        "ordering=owner__password",
        "ordering=?",
        "ordering=--title",
        "ordering=title;DROP TABLE",
        "ordering=%00",
        "view=everything",
        "view=%00",
        "list=x",
        "list=%00",
        "parent=x",
        "priority=0",
        "priority=x",
        "due_after=x",
        "due_before=0000-00-00",
        "due_before=3000-01-01",
        "q=%00",
        "q=a%00b",
        "q=%1b",
        "q=" + "a" * 201,
        "label=%00",
        "label=" + "a" * 51,
        "cursor=x",
        "cursor=%00",
        "cursor=a:b:c",
        "cursor=%C3%BC",
        "cursor=" + "a" * 5000,
        "&".join(f"label=l{number}" for number in range(1500)),
        "&".join(
            f"list=00000000-0000-7000-8000-{number:012}" for number in range(1500)
        ),
        "&".join(f"x{number}=1" for number in range(2500)),
    ],
    ids=lambda query: query[:30],
)
def test_a_bad_query_is_refused(alices, query):
    assert_problem(alices.send("GET", f"/api/v1/tasks?{query}"), 400)


@as_one_test
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "view=&list=&cursor=&q=&due_after=",
        "page_size=1&page_size=2",
        "view=all&view=open",
        "unknown=1",
        "q=%25_%5C'\"",
        "q=%F0%9F%98%80",
        "q=%ff%fe",
        "%00=%00",
        "%ff=%ff",
        "=&=&&&",
        "list[]=1",
        "owner=1&owner_id=2&user=3",
        "owner__isnull=1",
        "format=json",
        "format=xml",
        "_method=DELETE",
    ],
)
def test_an_unusual_query_does_not_fail(alices, query):
    response = alices.send("GET", f"/api/v1/tasks?{query}")

    assert response.status_code in {200, 400}


def test_a_modified_cursor_is_refused(alices):
    TaskFactory.create_batch(2, owner=alices.user)
    page = alices.send("GET", "/api/v1/tasks?page_size=1").json()
    cursor = parse_qs(urlsplit(page["next"]).query)["cursor"][0]

    for position in range(0, len(cursor), 7):
        other = "A" if cursor[position] != "A" else "B"
        changed = f"{cursor[:position]}{other}{cursor[position + 1 :]}"
        response = alices.send("GET", f"/api/v1/tasks?cursor={changed}")
        assert_problem(response, 400)
        assert list(response.json()["errors"]) == ["cursor"]


def test_a_cursor_of_another_ordering_is_refused(alices):
    TaskFactory.create_batch(2, owner=alices.user)
    page = alices.send("GET", "/api/v1/tasks?page_size=1").json()

    response = alices.send("GET", page["next"] + "&ordering=title")

    assert_problem(response, 400)


@as_one_test
@pytest.mark.parametrize(
    "identifier",
    [
        "1",
        "0",
        "-1",
        "x",
        "%00",
        "%ff",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%F0%9F%98%80",
        "00000000000000000000000000000000",
        "{00000000-0000-0000-0000-000000000000}",
        "9" * 1000,
        "null",
        "undefined",
        "'%20or%201=1",
        "%",
        "%zz",
        "%u0041",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_an_invalid_id_is_not_found(alices, identifier, method):
    for path in ["/api/v1/tasks/", "/api/v1/lists/", "/api/me/tasks/"]:
        response = alices.send(method, f"{path}{identifier}", b'{"title": "a"}')

        assert response.status_code in {404, 405}, path
        assert response.json()["detail"]


@as_one_test
@pytest.mark.parametrize(
    "user_id", ["%00", "%ff", "x", "0", "%F0%9F%98%80", "..", "a" * 5000, "ME", "%20me"]
)
def test_a_route_with_an_unknown_user_is_refused(alices, user_id):
    for prefix in ["/api/v1/users/", "/api/"]:
        response = alices.send("GET", f"{prefix}{user_id}/tasks")

        assert response.status_code in {403, 404}
        assert response["Content-Type"].endswith("json")


@as_one_test
@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/%ff",
        "/%",
        "/%zz",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/%00",
        "/static/..%2f..%2fmanage.py",
        "/accounts/%00",
        "/admin/%00",
        "/admin/accounts/user/%00/change/",
        "/api/%00",
        "/api/v1/%ff",
        "/" + "a" * 10_000,
        "/tasks/%00/set/title/",
        "/?task=%00",
        "/inbox/?task=" + "9" * 5000,
        "/lists/x/",
        "/accounts/confirm-email/%00/",
        "/accounts/password/reset/key/%00-%00/",
        "/accounts/login/?next=%00",
        "/?page=%00",
        "/?page=" + "9" * 5000,
        "/completed/?page=-1",
        "/add?list=%00",
    ],
    ids=lambda path: path[:40],
)
@pytest.mark.parametrize("who", ["anonymous", "alice"])
def test_an_unusual_path_does_not_fail(alice, page_as, who, path):
    browser = page_as(alice) if who == "alice" else Client()
    browser.raise_request_exception = False

    response = browser.generic("GET", path)

    assert response.status_code < 500


# --- Headers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "localhost@evil.example",
        "localhost, evil.example",
        "localhost\x00",
        "[::1",
        "[evil]",
        "*",
        " ",
        "a" * 5000,
        "lo\xe7alhost",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/tasks", "/accounts/login/", "/api/x"])
def test_an_unknown_host_is_refused(db, host, path):
    client = Client(raise_request_exception=False)

    response = client.get(path, headers={"Host": host})

    assert response.status_code == 400
    assert "evil" not in response.text
    if path.startswith("/api/"):
        assert response["Content-Type"] == "application/problem+json"


def test_a_forwarded_host_is_ignored(alices):
    TaskFactory.create_batch(2, owner=alices.user)

    response = alices.send(
        "GET",
        "/api/v1/tasks?page_size=1",
        **{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    )

    assert response.json()["next"].startswith("http://testserver/")


@as_one_test
@pytest.mark.parametrize(
    "junk",
    ["", " ", '"', '""', "*", "W/", "v1", '"v"', '"v-1"', '"v' + "9" * 5000 + '"']
    + ['"v1", "v2"', ",,,", "\x00", "\xff", "a" * 10_000, '"v\u00b2"', "W/*"],
    ids=_id,
)
def test_an_invalid_condition_does_not_fail(alices, junk):
    path = "/api/v1/tasks/{task}"

    read = alices.send("GET", path, **{"If-None-Match": junk})
    written = alices.send("PATCH", path, '{"title": "a"}', **{"If-Match": junk})

    assert read.status_code in {200, 304}
    assert written.status_code in {200, 412}


@pytest.mark.parametrize(
    "junk",
    ["", "a", "a" * 65, "a" * 10_000, "line\nbreak-in-it", "\x00" * 10, "\xff" * 10]
    + ["<script>alert(1)</script>", "${jndi:ldap://x}", "a b c d e f g h"],
    ids=_id,
)
def test_an_invalid_request_id_is_replaced(client, junk):
    response = client.get("/healthz", headers={"X-Request-ID": junk})

    assert response["X-Request-ID"] != junk
    assert len(response["X-Request-ID"]) == 32


@as_one_test
@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/xml"},
        {"Accept": "\x00"},
        {"Accept": "a" * 10_000},
        {"Accept": ";;;,,,"},
        {"Accept": "*/*;q=x"},
        {"Accept-Language": "a" * 10_000},
        {"Accept-Language": "\xff"},
        {"Accept-Encoding": "\x00"},
        {"Cookie": "ownlist_session=\x00; ="},
        {"Cookie": "ownlist_session=" + "a" * 10_000},
        {"Cookie": "\xff\xfe"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Referer": "\xff"},
        {"Content-Length": "-1"},
        {"Content-Length": "x"},
        {"Range": "bytes=0-0"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Forwarded-For": "\x00" * 100},
        {"Forwarded": "for=\xff"},
        {"Idempotency-Key": "\x00"},
    ],
    ids=str,
)
def test_an_invalid_header_does_not_fail(alices, headers):
    for method, path in [("GET", "/api/v1/tasks"), ("POST", "/api/v1/tasks")]:
        assert alices.send(method, path, b"{}", **headers).status_code < 500
    browser = Client(raise_request_exception=False)
    assert browser.get("/accounts/login/", headers=headers).status_code < 500


# --- Generated input --------------------------------------------------------------

TEXT = st.text(max_size=20) | st.sampled_from([*UNKEEPABLE, *BLANK, "a" * 600])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | TEXT
    | st.dates().map(str)
    | st.times().map(str)
    | st.uuids().map(str)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELD_NAMES = """
title notes priority due_date due_time due_tz start_date recurrence labels list parent
position series completed_at id owner version name colour archived_at email password
old_password new_password refresh timezone day_start week_start theme display_name
description completed status tags dueDate due rrule anchor
"""
FIELDS = st.sampled_from(FIELD_NAMES.split())
BODIES = st.dictionaries(FIELDS, VALUES, max_size=8) | VALUES


@pytest.mark.parametrize("endpoint", ALL, ids=_id)
def test_no_generated_json_causes_a_server_error(alices, endpoint):
    @bounded(max_examples=25)
    @given(BODIES)
    def check(body):
        response = alices.send_json(*endpoint, body)
        assert response.status_code < 500, body
        if response.status_code >= 400:
            assert isinstance(response.json()["detail"], str)

    check()


def test_no_generated_query_causes_a_server_error(alices):
    @bounded(max_examples=20)
    @given(st.text(max_size=10), st.text(max_size=60))
    def check(name, value):
        other = quote(name, errors="replace")
        text = quote(value, errors="replace")
        for known in ("q", "cursor", "list", "ordering", "page_size", "due_after"):
            query = f"{known}={text}&{other}={text}"
            response = alices.send("GET", f"/api/v1/tasks?{query}")
            assert response.status_code in {200, 400}, query

    check()
