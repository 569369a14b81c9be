"""The requests that cost most to read, of every kind."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

BODY = 1024 * 1024  # bytes: DATA_UPLOAD_MAX_MEMORY_SIZE
FILE = 20 * 1024 * 1024  # bytes: IMPORT_MAX_BYTES
HEAD = 60_000  # bytes of one header or query, below what servers pass on
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a server that is gone soon


@dataclass(frozen=True, slots=True)
class Request:
    """One request, sent by `nobody`, a `caller` with a token or a `browser`."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    sender: str = "nobody"


Maker = Callable[[int], Request]


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind, up to `size` bytes of hostile content.

    Or up to this number of rows, if all are valid and imported.
    """

    name: str
    make: Maker
    size: int = BODY
    is_in_rows: bool = False


# --- Content -----------------------------------------------------------------------


def repeated(piece: str, size: int, *, before: str = "", after: str = "") -> bytes:
    """Return the piece repeated to `size` bytes, between two others."""
    room = size - len((before + after).encode())
    return (before + piece * (max(0, room // len(piece.encode()))) + after).encode()


def numbered(size: int, *, end: str) -> bytes:
    """Return an object of many short keys, and `end` in it."""
    parts, room, number = [], size - len(end) - 2, 0
    while room > 0:
        parts.append(f'"{number:x}":0')
        room -= len(parts[-1]) + 1
        number += 1
    return ("{" + ",".join(parts[:-1]) + end + "}").encode()


MARKS = "\u0301\u0323"
BODIES: dict[str, Callable[[int], bytes]] = {
    "a duplicate key": lambda size: numbered(size, end=',"0":0'),
    "keys": lambda size: numbered(size, end=""),
    "small numbers": lambda size: repeated("1,", size, before="[", after="1]"),
    "fractions": lambda size: repeated(
        f"1.{'1' * 30}e9,", size, before="[", after="1]"
    ),
    "one fraction": lambda size: repeated("1", size, before="[1.", after="]"),
    "empty objects": lambda size: repeated("{},", size, before="[", after="{}]"),
    "small objects": lambda size: repeated('{"a":1},', size, before="[", after="{}]"),
    "depth": lambda size: b"[" * size,
    "pairs of depth": lambda size: (
        repeated('[[[[[{"a":[]}]]]]],', size, before="[") + b"1]"
    ),
    "escapes": lambda size: repeated("\\u0301", size, before='{"title":"', after='"}'),
    "cut off": lambda size: repeated('{"a":', size),
    "no JSON": lambda size: b"\xff" * size,
}


def of_field(name: str, piece: str, **others: Any) -> Callable[[int], bytes]:
    """Return what makes a body whose field `name` repeats a piece."""
    start = json.dumps(others, ensure_ascii=False)[:-1] + (", " if others else "")

    def make(size: int) -> bytes:
        return repeated(piece, size, before=f'{start}"{name}": "', after='"}')

    return make


def of_list(name: str, item: str, **others: Any) -> Callable[[int], bytes]:
    """Return what makes a body whose field `name` is a list of one thing."""
    start = json.dumps(others)[:-1] + (", " if others else "")

    def make(size: int) -> bytes:
        return repeated(
            f"{item},", size, before=f'{start}"{name}": [', after=f"{item}]}}"
        )

    return make


# --- Requests ----------------------------------------------------------------------

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = "/api/v1/auth/token"  # noqa: S105 - a path


def post(path: str, make: Callable[[int], bytes], sender: str = "caller") -> Maker:
    """Return what makes a POST of JSON."""
    return lambda size: Request("POST", path, make(size), JSON, sender)


def patch(path: str, make: Callable[[int], bytes]) -> Maker:
    return lambda size: Request("PATCH", path, make(size), JSON, "caller")


def form(path: str, make: Callable[[int], bytes], sender: str = "browser") -> Maker:
    return lambda size: Request("POST", path, make(size), FORM, sender)


def form_field(name: str, piece: str, **others: str) -> Callable[[int], bytes]:
    """Return what makes a form whose field `name` repeats a piece."""
    start = urlencode({**others, name: ""})
    return lambda size: repeated(quote(piece, safe=""), size, before=start)


def multipart(path: str, piece: str, sender: str = "browser") -> Maker:
    """Return what makes a form of many small parts."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    def make(size: int) -> Request:
        body = repeated(piece, size, after="--x--\r\n")
        return Request("POST", path, body, headers, sender)

    return make


def query(path: str, piece: str, start: str, sender: str = "caller") -> Maker:
    """Return what makes a GET with a long query."""

    def make(size: int) -> Request:
        asked = repeated(piece, size, before=start).decode()
        return Request("GET", f"{path}?{asked}", sender=sender)

    return make


def header(
    name: str,
    piece: str,
    start: str = "",
    path: str = "/api/v1/tasks",
    sender: str = "caller",
) -> Maker:
    """Return what makes a GET with a long header."""

    def make(size: int) -> Request:
        headers = {name: repeated(piece, size, before=start).decode()}
        return Request("GET", path, headers=headers, sender=sender)

    return make


def upload(name: str, make: Callable[[int], bytes], mapping: str = "") -> Maker:
    """Return what makes an import that only reads."""
    edge = secrets.token_hex(16)
    fields = {"format": name, "mapping": mapping, "dry_run": "true"}
    head = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    head += (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )

    def request(size: int) -> Request:
        body = head.encode() + make(size) + f"\r\n--{edge}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return Request("POST", "/api/v1/import", body, headers, "caller")

    return request


def calendar(piece: str) -> Callable[[int], bytes]:
    """Return a function that builds a calendar whose to-dos contain the text."""
    start = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
    todo = f"BEGIN:VTODO\r\n{piece}END:VTODO\r\n"
    return lambda size: repeated(todo, size, before=start, after="END:VCALENDAR\r\n")


def table(first: str, row: str) -> Callable[[int], bytes]:
    """Return a function that builds a table with one row repeated."""
    return lambda size: repeated(f"{row}\n", size, before=f"{first}\n")


def archive(item: dict[str, Any]) -> Callable[[int], bytes]:
    """Return a function that builds an export with one task repeated."""
    start = (
        '{"format":"ownlist","version":1,\n"person":{},\n"lists":[],\n"labels":[],\n'
        '"tasks":[\n'
    )
    text = json.dumps(item, ensure_ascii=False)
    return lambda size: repeated(f"{text},\n", size, before=start, after="1]}")


def of_empty_lists(size: int) -> bytes:
    return repeated('{"tasks":[]},', size, before='{"value":[')


def of_body(piece: str) -> Callable[[int], bytes]:
    """Return a function that builds an export of Microsoft To Do with long HTML."""
    content = piece * (500_000 // len(piece))
    body = {"content": content, "contentType": "html"}
    text = json.dumps({"title": "a", "status": "notStarted", "body": body})
    start = '{"value":[{"displayName":"a","tasks":['
    return lambda size: repeated(
        f"{text},\n", size, before=start, after=f"{text}]}}]}}"
    )


def of_events(size: int) -> bytes:
    event = "BEGIN:VEVENT\r\nEND:VEVENT\r\n"
    return repeated(event, size, before="BEGIN:VCALENDAR\r\n")


def of_long_events(size: int) -> bytes:
    event = "BEGIN:VEVENT\r\n" + "COMMENT:a\r\n" * 80_000 + "END:VEVENT\r\n"
    return repeated(event, size, before="BEGIN:VCALENDAR\r\n")


def of_columns(size: int) -> bytes:
    return repeated("a,", min(size, 1_000_000), before="title,", after="\na\n")


def of_dates(size: int) -> bytes:
    rows = (f"task,a,every {n} days until 2027-01-01\n" for n in range(size // 40))
    return "".join(["TYPE,CONTENT,DATE\n", *rows]).encode()


def of_rows(first: str, row: str, last: str = "") -> Callable[[int], bytes]:
    """Return a function that builds a file with a number of rows."""
    return lambda rows: f"{first}{row * rows}{last}".encode()


def of_todos(piece: str) -> Callable[[int], bytes]:
    """Return a function that builds a calendar with a number of to-dos."""
    todo = f"BEGIN:VTODO\r\n{piece}END:VTODO\r\n"
    return of_rows("BEGIN:VCALENDAR\r\n", todo, "END:VCALENDAR\r\n")


ID = "00000000-0000-7000-8000-000000000000"
TASK = {"id": ID, "list": ID, "title": "a"}
MANY = 60_000  # bytes of one text
ROWS = 10_000  # of one import
CJK = "\u4e2d"
KINDS: list[Kind] = [
    # Every kind of body, where no credential is asked and where one is.
    *(
        Kind(f"{name}, {path}", post(path, make, who))
        for name, make in BODIES.items()
        for path, who in ((TOKEN, "nobody"), ("/api/v1/tasks", "caller"))
    ),
    *(
        Kind(f"{name}, {path}", post(path, of_field(field_name, piece, **others), who))
        for path, who, field_name, others in (
            (TOKEN, "nobody", "email", {"password": "a"}),
            (TOKEN, "nobody", "password", {"email": "a@example.com"}),
            ("/api/v1/auth/register", "nobody", "email", {"password": PASSWORD}),
            ("/api/v1/auth/register", "nobody", "password", {"email": "a@example.com"}),
            ("/api/v1/auth/token/refresh", "nobody", "refresh", {}),
            ("/api/v1/auth/logout", "nobody", "refresh", {}),
            ("/api/v1/tasks", "caller", "title", {}),
            ("/api/v1/tasks", "caller", "notes", {"title": "a"}),
            ("/api/v1/tasks", "caller", "due_date", {"title": "a"}),
            ("/api/v1/lists", "caller", "name", {}),
            ("/api/v1/labels", "caller", "name", {}),
            ("/api/v1/tasks/quick", "caller", "text", {"dry_run": True}),
            ("/api/v1/recurrence/preview", "caller", "rrule", {}),
            ("/api/me/tasks", "caller", "title", {}),
            ("/api/me/tasks", "caller", "recurrence", {"title": "a"}),
        )
        for name, piece in (
            (f"{field_name} of marks", MARKS),
            (f"{field_name} of letters", "\u4e2d"),
            (f"{field_name} of spaces", " "),
        )
    ),
    # Text up to the limits of the fields, where it is worked with.
    Kind(
        "notes of marks, short of the limits",
        post("/api/v1/tasks", of_field("notes", "a" + MARKS * 15, title="a")),
        MANY,
    ),
    Kind(
        "notes of U+FDFA, /api/v1/tasks",
        post("/api/v1/tasks", of_field("notes", "\ufdfa", title="a")),
        MANY,
    ),
    Kind(
        "notes of Hangul, /api/v1/tasks",
        post("/api/v1/tasks", of_field("notes", "\u1112\u1161\u11ab", title="a")),
        MANY * 3,
    ),
    *(
        Kind(
            f"quick add of {name}",
            post("/api/v1/tasks/quick", of_field("text", piece, dry_run=True)),
            50_000,
        )
        for name, piece in (
            ("words", "a "),
            ("one word", "a"),
            ("lists", "#a "),
            ("labels", "@a "),
            ("dates", "every mon, "),
            ("quotes", "\u201ca "),
            ("backslashes", "\\\\ "),
            ("phrases", "due:every a a a a a a a a a a a "),
            ("starts", "from:in 3 "),
            ("lines", "every day until 2027-01-01 @a #b p1 remind:9:00 " * 10 + "\\n"),
        )
    ),
    # Lists.
    Kind("labels, /api/v1/tasks", post("/api/v1/tasks", of_list("labels", "1"))),
    Kind("ids, tasks/bulk", post("/api/v1/tasks/bulk", of_list("ids", "1"))),
    Kind("tags, plan", post("/api/me/tasks", of_list("tags", "1", title="a"))),
    Kind(
        "9,000 literals, tasks/quick",
        post("/api/v1/tasks/quick", of_list("literal", "{}", text="a")),
        9_000 * 3,
    ),
    Kind(
        "1,000 literals, tasks/quick",
        post("/api/v1/tasks/quick", of_list("literal", "{}", text="a")),
        1_000 * 3,
    ),
    Kind(
        "500 ids, tasks/bulk",
        post(
            "/api/v1/tasks/bulk",
            of_list("ids", f'"{"0" * 32}"', action="complete"),
        ),
        500 * 35,
    ),
    Kind("theme, users/me", patch("/api/v1/users/me", of_field("theme", "x"))),
    Kind(
        "display name, users/me",
        patch("/api/v1/users/me", of_field("display_name", MARKS)),
    ),
    # Forms.
    *(
        Kind(f"{name} of marks, {path}", form(path, form_field(name, MARKS), who))
        for path, name, who in (
            ("/accounts/login/", "login", "nobody"),
            ("/accounts/login/", "password", "nobody"),
            ("/accounts/signup/", "email", "nobody"),
            ("/accounts/password/reset/", "email", "nobody"),
            ("/accounts/settings/", "display_name", "browser"),
            ("/accounts/delete/", "password", "browser"),
            ("/quick/", "text", "browser"),
            ("/quick/preview/", "text", "browser"),
            ("/quick/preview/", "before", "browser"),
            ("/lists/new/", "name", "browser"),
        )
    ),
    *(
        Kind(f"{name} of {what}, {path}", form(path, form_field(name, piece), who))
        for path, name, who in (
            ("/accounts/login/", "login", "nobody"),
            ("/quick/", "due_date", "browser"),
            ("/quick/", "list", "browser"),
            ("/quick/", "next", "browser"),
            ("/quick/", "literal", "browser"),
        )
        for what, piece in (("commas", ","), ("letters", "a"), ("zeros", "0"))
    ),
    Kind(
        "escapes, /accounts/login/",
        form(
            "/accounts/login/",
            lambda size: repeated("%41", size, before="login="),
            "nobody",
        ),
    ),
    Kind(
        "2,000 fields, /quick/",
        form("/quick/", lambda size: repeated("literal=a&", size)),
        2_000 * 8,
    ),
    Kind(
        "fields, /accounts/login/",
        form("/accounts/login/", lambda size: repeated("a&", size), "nobody"),
    ),
    Kind(
        "parts without a name, /accounts/login/",
        multipart("/accounts/login/", "--x\r\n\r\n\r\n", "nobody"),
    ),
    Kind(
        "parts with a name, /quick/",
        multipart(
            "/quick/",
            '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n',
        ),
    ),
    Kind(
        "half edges, /accounts/login/",
        multipart("/accounts/login/", "\r\n--", "nobody"),
    ),
    Kind(
        "parts without a name, import",
        multipart("/api/v1/import", "--x\r\n\r\n\r\n", "caller"),
        FILE,
    ),
    Kind("half edges, import", multipart("/api/v1/import", "\r\n--", "caller"), FILE),
    # Files of as many rows as are taken: these pay by row, the others by size.
    *(
        Kind(f"import: {name}", upload(file_format, make), ROWS, is_in_rows=True)
        for name, file_format, make in (
            ("rows", "csv", of_rows("title\n", "a\n")),
            (
                "full rows",
                "csv",
                of_rows(
                    "title,due_date,due_time,due_tz,priority,rrule,labels,created_at\n",
                    "a,2027-02-28,09:00,Europe/Berlin,1,FREQ=DAILY,b,2026-01-01T00:00Z\n",
                ),
            ),
            (
                "tasks",
                "todoist",
                of_rows("TYPE,CONTENT,DATE\n", "task,a @b,every mon\n"),
            ),
            ("to-dos", "ics", of_todos("SUMMARY:a\r\nDUE:20270228T090000\r\n")),
            (
                "tasks",
                "google-tasks",
                lambda rows: of_rows(
                    '{"kind":"tasks#tasks","items":[',
                    '{"title":"a","status":"needsAction","due":"2027-02-28T00:00Z"},',
                    '{"title":"a","status":"needsAction"}]}',
                )(rows - 1),
            ),
            (
                "to-dos of 24 lines",
                "ics",
                of_todos("SUMMARY:a\r\n" + "COMMENT:a\r\n" * 21),
            ),
        )
    ),
    # Files up to the limit of size.
    *(
        Kind(f"import: {name}", upload(file_format, make), FILE)
        for name, file_format, make in (
            ("comments", "ics", calendar("SUMMARY:a\r\n" + "COMMENT:a\r\n" * 1000)),
            ("parameters", "ics", calendar(f"SUMMARY{';A=B' * 1000}:a\r\n")),
            ("long parameters", "ics", calendar(f"SUMMARY;A={'b' * 100_000}:a\r\n")),
            ("folds", "ics", calendar("SUMMARY:a\r\n" + " a\r\n" * 1000)),
            ("one folded line", "ics", calendar("SUMMARY:a\r\n" + " a\r\n" * 300_000)),
            ("events", "ics", of_events),
            ("long events", "ics", of_long_events),
            ("commas", "ics", calendar(f"CATEGORIES:{',' * 100_000}\r\n")),
            ("marks", "csv", table("title,notes", f"a,{MARKS * 15_000}")),
            ("letters", "csv", table("title,notes", f"a,{CJK * 6_000}")),
            ("blank rows", "csv", table("title", "")),
            ("bad rows", "csv", table("title,due_date", ",x")),
            ("cells", "csv", table("title", "a" + "," * 2000)),
            ("columns", "csv", of_columns),
            ("labels", "csv", table("title,labels", f'a,"{"b," * 1000}"')),
            (
                "comments",
                "todoist",
                table("TYPE,CONTENT\ntask,a", "note," + "a" * 2000),
            ),
            ("labels", "todoist", table("TYPE,CONTENT", "task," + "@a " * 1000)),
            (
                "phrases",
                "todoist",
                table("TYPE,CONTENT,DATE", "task,a," + "mon " * 999),
            ),
            ("dates", "todoist", of_dates),
            ("long notes", "json", archive(TASK | {"notes": CJK * 600})),
            ("bad items", "json", archive({})),
            ("labels", "json", archive(TASK | {"labels": ["a"] * 50_000})),
            ("numbers", "json", archive({"a": [1] * 100_000})),
            ("one value", "json", archive({"a": "a" * FILE})),
            ("HTML tags", "microsoft-todo", of_body("<div>")),
            ("HTML links", "microsoft-todo", of_body("<a href=http:x></a>")),
            ("HTML open tags", "microsoft-todo", of_body("<a ")),
            ("HTML open comments", "microsoft-todo", of_body("<!--")),
            ("empty lists", "microsoft-todo", of_empty_lists),
        )
    ),
    # Queries, headers and cookies.
    Kind("q of marks", query("/api/v1/tasks", quote(MARKS), "q="), HEAD),
    Kind("q of words", query("/api/v1/tasks", "a+", "q="), 200),
    Kind("labels in a query", query("/api/v1/tasks", "&label=a", "a"), HEAD),
    Kind("lists in a query", query("/api/v1/tasks", "&list=a", "a"), HEAD),
    Kind("indexed lists in a query", query("/api/v1/tasks", "&list[1]=a", "a"), HEAD),
    Kind("fields in a query", query("/api/v1/tasks", "id,", "fields="), HEAD),
    Kind("tags of the plan", query("/api/me/tasks", "a,", "tag="), HEAD),
    Kind("a cursor", query("/api/v1/tasks", "a:", "cursor="), HEAD),
    Kind("an empty query", query("/api/v1/tasks", "&", "a"), HEAD),
    Kind("a query of a page", query("/", "%25", "x=", "browser"), HEAD),
    Kind("a query of the trash", query("/trash/", "a", "x=", "browser"), HEAD),
    Kind(
        "next of the sign-in page",
        query("/accounts/login/", "%25", "next=", "nobody"),
        HEAD,
    ),
    Kind("Accept", header("Accept", "a/b;q=1,"), HEAD),
    Kind("Accept of commas", header("Accept", ","), HEAD),
    Kind(
        "Accept-Language",
        header(
            "Accept-Language", "en;q=0.1,", path="/accounts/login/", sender="nobody"
        ),
        HEAD,
    ),
    Kind("If-None-Match", header("If-None-Match", '"v1",'), HEAD),
    Kind(
        "Authorization of dots",
        header("Authorization", "a.", "Bearer ", sender="nobody"),
        HEAD,
    ),
    Kind(
        "Authorization",
        header("Authorization", "a", "Bearer eyJ", sender="nobody"),
        HEAD,
    ),
    Kind("Idempotency-Key", header("Idempotency-Key", "a"), HEAD),
    Kind("cookies", header("Cookie", "a=b;", path="/", sender="nobody"), HEAD),
    Kind(
        "a session cookie",
        header("Cookie", "a", "ownlist_session=", path="/", sender="nobody"),
        HEAD,
    ),
    Kind(
        "a CSRF cookie",
        header(
            "Cookie", "a", "ownlist_csrf=", path="/accounts/login/", sender="nobody"
        ),
        HEAD,
    ),
    Kind("Host", header("Host", "a.", path="/accounts/login/", sender="nobody"), HEAD),
    Kind(
        "X-Forwarded-For",
        header("X-Forwarded-For", "1.1.1.1,", path="/accounts/login/", sender="nobody"),
        HEAD,
    ),
    # Nothing but a request.
    *(
        Kind(f"GET {path}", lambda size, path=path: Request("GET", path))
        for path in (
            "/api/schema",
            "/api/schema?format=json",
            "/api/docs",
            "/.well-known/jwks.json",
            "/.well-known/security.txt",
            "/accounts/login/",
            "/accounts/signup/",
            "/accounts/password/reset/",
            "/healthz",
            "/readyz",
            "/nothing",
            "/api/nothing",
        )
    ),
]
