"""Input is limited before it is processed, and processed once.

These tests count operations instead of measuring time. `tests/benchmarks/hostile.py`
measures.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pkgutil import walk_packages
from threading import Event

import pytest
import yaml
from rest_framework import serializers

import accounts
import config
import todos
from config import strict_json
from config.api import docs, parsers
from config.api.fields import BoundedListField, FieldsQuerySerializer
from config.api.problems import ERRORS_MAX, MESSAGE_MAX_LENGTH
from config.strict_json import StrictJSONError
from tests.factories import TaskFactory
from tests.patience import MOMENT

# --- JSON bodies -----------------------------------------------------------------


class CountedKey(str):
    """A key that counts its comparisons with other keys."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other):
        CountedKey.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_duplicate_keys_are_found_in_one_pass(monkeypatch):
    monkeypatch.setattr(CountedKey, "compared", 0)
    pairs = [(CountedKey(f"key {number}"), 0) for number in range(5_000)]
    pairs.append((CountedKey("key 4999"), 0))

    with pytest.raises(StrictJSONError, match="key 4999"):
        strict_json._without_duplicates(pairs)

    # The two equal keys, and keys that collide in the hash table.
    assert CountedKey.compared < len(pairs)


@pytest.mark.parametrize("path", ["/api/v1/auth/token", "/api/v1/auth/register"])
@pytest.mark.parametrize(
    "body",
    [
        [0] * parsers.MAX_VALUES,
        {"email": ["a"] * parsers.MAX_VALUES},
        {f"key {number}": None for number in range(parsers.MAX_VALUES)},
        {"list": [[[], {}] for _ in range(parsers.MAX_VALUES // 2)]},
    ],
    ids=["list", "list in an object", "object", "nested"],
)
def test_a_body_with_too_many_values_is_refused_naming_the_limit(
    client, db, path, body
):
    answer = client.post(path, json.dumps(body), content_type="application/json")

    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"
    assert str(parsers.MAX_VALUES) in answer.json()["detail"]


@pytest.mark.parametrize("text", [",[{" * 20_000, '\\",[{' * 20_000, '"' * 40_000])
def test_strings_are_not_counted_as_values(api_as, alice, text):
    answer = api_as(alice).post("/api/v1/tasks/quick", {"text": text[:45_000]})

    assert "characters in the title" in answer.json()["detail"]


@pytest.mark.parametrize("text", ['"' + '\\"' * 20_000 + ",[{" * 20_000, '["' * 15_000])
def test_a_body_with_an_unterminated_string_is_not_json(client, db, text):
    answer = client.post("/api/v1/auth/token", text, content_type="application/json")

    assert answer.status_code in {400, 413}


def test_a_body_with_the_maximum_number_of_values_is_read(client, db):
    body = {"email": "a", "password": "b", "more": [0] * (parsers.MAX_VALUES - 4)}

    answer = client.post(
        "/api/v1/auth/token", json.dumps(body), content_type="application/json"
    )

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["email"]


@pytest.mark.parametrize(("levels", "is_read"), [(20, True), (21, False)])
@pytest.mark.parametrize("innermost", ["", "1"])
def test_the_nesting_of_a_body_is_limited(client, db, levels, is_read, innermost):
    body = "[" * levels + innermost + "]" * levels

    answer = client.post("/api/v1/auth/token", body, content_type="application/json")

    assert answer.status_code == 400
    assert ("20 levels" in answer.json()["detail"]) is not is_read


# --- Lists -----------------------------------------------------------------------


def _serializers():
    for package in (accounts, config, todos):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if ".api" in module.name:
                import_module(module.name)
    found, waiting = [], [serializers.Serializer]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if one.__module__.split(".")[0] in {"accounts", "config", "todos"}:
                found.append(one)
    found.remove(FieldsQuerySerializer)  # a base class: what it `shows` is not set
    return sorted(set(found), key=lambda one: (one.__module__, one.__name__))


def _unbounded(field, path):
    """Yield the paths of all fields that accept any number of items."""
    if field.read_only:
        return
    if isinstance(field, serializers.Serializer):
        for name, inner in field.fields.items():
            yield from _unbounded(inner, f"{path}.{name}")
    elif isinstance(
        field,
        serializers.ListField | serializers.ListSerializer | serializers.DictField,
    ):
        if not isinstance(field, BoundedListField):
            yield path
        yield from _unbounded(field.child, f"{path}[]")
    elif isinstance(
        field, serializers.ManyRelatedField | serializers.MultipleChoiceField
    ):
        yield path


@pytest.mark.parametrize("serializer", _serializers(), ids=lambda one: one.__name__)
def test_every_list_checks_its_length_first(serializer):
    assert list(_unbounded(serializer(), serializer.__name__)) == []


def test_all_serializers_with_lists_are_checked():
    names = {one.__name__ for one in _serializers()}

    assert names >= {"TaskSerializer", "BulkSerializer", "QuickSerializer"}
    assert names >= {"PlanTaskSerializer", "PlanQuerySerializer", "ProblemSerializer"}


class CountedField(serializers.IntegerField):
    """A field that counts how often it is called."""

    asked = 0

    def run_validation(self, data=serializers.empty):
        CountedField.asked += 1
        return super().run_validation(data)


def test_a_list_that_is_too_long_is_refused_before_its_items_are_validated(monkeypatch):
    monkeypatch.setattr(CountedField, "asked", 0)
    field = BoundedListField(child=CountedField(), max_length=3)

    with pytest.raises(serializers.ValidationError) as refused:
        field.run_validation(["x"] * 4)

    assert "no more than 3" in str(refused.value.detail)
    assert CountedField.asked == 0
    assert field.run_validation([1, 2, 3]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("path", "field", "bound"),
    [
        ("/api/v1/tasks", "labels", 20),
        ("/api/v1/tasks/quick", "literal", 1_000),
        ("/api/v1/tasks/bulk", "ids", 500),
        ("/api/me/tasks", "tags", 20),
    ],
)
@pytest.mark.parametrize("item", [1, {}, "", None])
def test_a_long_invalid_list_gets_a_short_response(
    api_as, alice, path, field, bound, item
):
    if field == "tags" and item == "":
        item = "a" * 51  # empty tags are removed
    body = {"title": "a", "text": "a", "action": "complete", field: [item] * 3_000}

    answer = api_as(alice).post(path, body)

    assert answer.status_code in {400, 422}
    assert f"no more than {bound}" in answer.json()["detail"]
    assert len(answer.content) < 2_000


def test_the_number_of_errors_in_a_response_is_limited(api_as, alice):
    body = {"ids": ["x"] * 500, "action": "complete"}

    answer = api_as(alice).post("/api/v1/tasks/bulk", body).json()

    assert sum(map(len, answer["errors"].values())) == ERRORS_MAX
    assert list(answer["errors"])[0] == "ids.0"


def test_an_error_does_not_repeat_the_whole_input(api_as, alice):
    answer = api_as(alice).patch("/api/v1/users/me", {"theme": "x" * 100_000}).json()

    assert len(answer["errors"]["theme"][0]) == MESSAGE_MAX_LENGTH
    assert len(answer["detail"]) < MESSAGE_MAX_LENGTH + 10


def test_repeated_names_count_as_fields(api_as, alice):
    answer = api_as(alice).get("/api/v1/tasks?fields=" + ",".join(["id"] * 1_000))

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["fields"]


# --- Text ------------------------------------------------------------------------

MARKS = "a" + "\u0301" * 16 + "\u0323" * 15


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/v1/tasks", {"title": MARKS}),
        ("post", "/api/v1/tasks", {"title": "a", "notes": MARKS}),
        ("post", "/api/v1/tasks", {"title": "a", "labels": [MARKS]}),
        ("post", "/api/v1/lists", {"name": MARKS}),
        ("post", "/api/v1/labels", {"name": MARKS}),
        ("post", "/api/v1/tasks/quick", {"text": MARKS}),
        ("post", "/api/v1/tasks/quick", {"text": f"a @{MARKS}", "dry_run": True}),
        ("post", "/api/me/tasks", {"title": MARKS}),
        ("patch", "/api/v1/users/me", {"display_name": MARKS}),
        ("get", "/api/v1/tasks", {"q": MARKS}),
        ("get", "/api/v1/tasks", {"label": MARKS}),
        ("get", "/api/me/tasks", {"search": MARKS}),
    ],
)
def test_too_many_marks_on_a_letter_are_refused_in_every_text(
    api_as, alice, method, path, body
):
    answer = getattr(api_as(alice), method)(path, body)

    assert answer.status_code in {400, 422}
    assert "marks on one letter" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/add", {"text": MARKS}),
        ("/add", {"text": f"a @{MARKS}"}),
        ("/lists/new/", {"name": MARKS, "colour": "grey"}),
        ("/accounts/settings/", {"display_name": MARKS}),
    ],
)
def test_a_form_refuses_too_many_marks_on_a_letter(page_as, alice, path, form):
    answer = page_as(alice).post(path, form)

    assert answer.status_code in {200, 422}
    assert "marks on one letter" in answer.text


def test_quick_add_limits_its_text_as_sent(api_as, alice):
    answer = api_as(alice).post("/api/v1/tasks/quick", {"text": "a" + " " * 50_000})

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["text"]


# --- Public pages -----------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?format=json"])
def test_the_schema_is_generated_once(client, db, monkeypatch, query):
    first = client.get(f"/api/schema{query}")
    monkeypatch.setattr(docs, "spectacular_settings", None)

    again = client.get(f"/api/schema{query}")
    known = client.get(f"/api/schema{query}", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 200
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert (known.status_code, known.content) == (304, b"")


def test_the_schema_is_generated_once_for_requests_at_the_same_time(monkeypatch):
    made = []

    class Slow:
        def get_schema(self, **kwargs):
            made.append(1)
            Event().wait(MOMENT)  # in which the others ask
            return {}

    monkeypatch.setattr(docs.spectacular_settings, "DEFAULT_GENERATOR_CLASS", Slow)
    docs._generated.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: docs._document(), range(4)))
    finally:
        docs._generated.cache_clear()

    assert made == [1]


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "application/json", "application/json"),
        ("", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
        ("", "application/yaml", "application/yaml"),
        ("", "*/*", "application/vnd.oai.openapi"),
        ("", "text/html, application/json;q=0.9, */*;q=0.1", "application/json"),
        ("?format=json", "*/*", "application/json"),
        ("?format=json", "text/html", "application/json"),
        ("?format=json", "application/yaml", "application/json"),
        ("?format=yaml", "application/json", "application/vnd.oai.openapi"),
    ],
)
def test_the_schema_comes_as_it_is_asked_for(client, db, query, accept, media_type):
    for path in ("/api/schema", "/api/schema/"):
        response = client.get(f"{path}{query}", headers={"Accept": accept})

        assert response.status_code == 200
        assert response["Content-Type"] == f"{media_type}; charset=utf-8"
        assert "Accept" in response["Vary"]
        read = json.loads if "json" in media_type else yaml.safe_load
        assert read(response.content)["openapi"] == "3.1.0"


@pytest.mark.parametrize("query", ["?format=xml", "?format=JSON"])
def test_an_unknown_format_of_the_schema_is_refused(client, db, query):
    response = client.get(f"/api/schema{query}", headers={"Accept": "*/*"})

    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


def test_a_page_does_not_repeat_a_long_url_in_each_row(page_as, alice):
    TaskFactory.create_batch(50, owner=alice)
    browser = page_as(alice)
    usual = len(browser.get("/inbox/").content)

    short = browser.get("/inbox/?page=1")
    long = browser.get("/inbox/?x=" + "%25" * 10_000)

    assert "page%3D1" in short.text
    assert len(long.content) < usual + 1_000
