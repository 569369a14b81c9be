import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT
from todos.actions import labels as label_actions
from todos.models import Change, Label, Task, TaskList

URL = "/api/v1/tasks/quick"
LINE = "Buy milk 2027-02-28 9am #home @shop p1"
SPANS = [
    {
        "kind": "due",
        "start": 9,
        "end": 19,
        "text": "2027-02-28",
        "value": "2027-02-28",
    },
    {"kind": "time", "start": 20, "end": 23, "text": "9am", "value": "09:00"},
    {"kind": "list", "start": 24, "end": 29, "text": "#home", "value": "Home"},
    {"kind": "label", "start": 30, "end": 35, "text": "@shop", "value": "shop"},
    {"kind": "priority", "start": 36, "end": 38, "text": "p1", "value": 1},
]


@pytest.fixture
def home(alice):
    return TaskListFactory(owner=alice, name="Home")


def test_creates_a_task_from_a_line(api_as, alice, home):
    response = api_as(alice).post(URL, {"text": LINE})

    assert response.status_code == 201
    [task], [line] = response.json()["tasks"], response.json()["parse"]
    assert (task["title"], task["list"]) == ("Buy milk", str(home.pk))
    assert (task["due_date"], task["due_time"]) == ("2027-02-28", "09:00")
    assert (task["labels"], task["priority"]) == (["shop"], 1)
    assert line["title"] == "Buy milk"
    assert line["spans"] == SPANS


def test_answers_with_tasks_as_a_later_request_shows_them(api_as, alice, home):
    client = api_as(alice)

    text = f"{LINE} remind:30m\nRun every! 2 weeks"
    made = client.post(URL, {"text": text}).json()["tasks"]

    for task in made:
        assert client.get(f"/api/v1/tasks/{task['id']}").json() == task


def test_a_dry_run_shows_what_each_phrase_means(api_as, alice):
    text = "Run every morning from 2027-03-01 for 3 weeks\nMeet with Friday"

    body = api_as(alice).post(URL, {"text": text, "dry_run": True}).json()

    run, meet = body["parse"]
    assert [[span["kind"], span["text"], span["value"]] for span in run["spans"]] == [
        ["repeat", "every morning", "FREQ=DAILY"],
        ["due", "from 2027-03-01", "2027-03-01"],
        ["until", "for 3 weeks", "2027-03-21"],
    ]
    assert run["fields"]["due_time"] == "09:00"
    assert run["fields"]["recurrence"]["rrule"] == "FREQ=DAILY;UNTIL=20270321"
    assert (meet["title"], meet["spans"]) == ("Meet with Friday", [])
    assert meet["fields"]["due_date"] is None


def test_returns_the_fields_of_a_line_as_for_a_new_task(api_as, alice, home):
    client = api_as(alice)
    text = f"{LINE} remind:30m every month from:2027-01-01"

    body = client.post(URL, {"text": text, "dry_run": True}).json()

    [line] = body["parse"]
    made = client.post("/api/v1/tasks", {"title": line["title"], **line["fields"]})
    assert made.status_code == 201
    assert line["fields"] == {
        "list": str(home.pk),
        "labels": ["shop"],
        "priority": 1,
        "due_date": "2027-02-28",
        "due_time": "09:00",
        "start_date": "2027-01-01",
        "recurrence": {"rrule": "FREQ=MONTHLY", "anchor": "due", "text": "Every month"},
        "reminder": {"minutes_before": 30},
    }


def test_a_dry_run_stores_nothing(api_as, alice, home):
    before = Change.objects.count()

    response = api_as(alice).post(URL, {"text": LINE, "dry_run": True})

    assert response.status_code == 200
    assert response.json()["tasks"] == []
    assert response.json()["parse"][0]["spans"] == SPANS
    assert not Task.objects.exists()
    assert not alice.labels.exists()
    assert Change.objects.count() == before


def test_a_literal_span_stays_in_the_title(api_as, alice, home):
    literal = [{"line": 1, "start": 24}, {"line": 1, "start": 36}]

    response = api_as(alice).post(
        URL, {"text": f"\n{LINE}\n{LINE}", "literal": literal}
    )

    first, second = response.json()["tasks"]
    assert (first["title"], first["priority"]) == ("Buy milk", 1)
    assert (second["title"], second["priority"]) == ("Buy milk #home p1", 3)
    assert second["list"] != str(home.pk)
    assert second["due_date"] == "2027-02-28"


def test_reports_an_unknown_list(api_as, alice):
    response = api_as(alice).post(URL, {"text": "Sow peas #garden"})

    [task], [line] = response.json()["tasks"], response.json()["parse"]
    assert task["title"] == "Sow peas #garden"
    assert [span["kind"] for span in line["spans"]] == ["new_list"]


def test_offsets_count_the_characters_that_were_sent(api_as, alice):
    text = "  Cafe\u0301 \U0001f600  2027-02-28"

    response = api_as(alice).post(URL, {"text": text})

    [task], [line] = response.json()["tasks"], response.json()["parse"]
    assert task["title"] == line["title"] == "Caf\u00e9 \U0001f600"
    [span] = line["spans"]
    assert text[span["start"] : span["end"]] == "2027-02-28"


def test_lists_of_other_users_are_unknown(api_as, alice, bob):
    TaskListFactory(owner=bob, name="Secret plans")

    theirs = api_as(alice).post(URL, {"text": 'Peek #"Secret plans"'}).json()

    assert theirs["tasks"][0]["title"] == 'Peek #"Secret plans"'
    assert [span["kind"] for span in theirs["parse"][0]["spans"]] == ["new_list"]


def test_serves_users_who_are_named_in_the_route(api_as, alice):
    response = api_as(alice).post(
        f"/api/v1/users/{alice.pk}/tasks/quick", {"text": "Buy milk"}
    )

    assert response.status_code == 201


def test_a_repetition_with_the_same_key_adds_nothing(api_as, alice):
    client = api_as(alice)

    answers = [
        client.post(URL, {"text": LINE}, headers={"Idempotency-Key": "a-key"})
        for _ in range(2)
    ]

    assert answers[0].content == answers[1].content
    assert Task.objects.count() == 1


def test_answers_as_the_guide_says(api_as, alice):
    guide = (Path(settings.BASE_DIR) / "docs" / "quick-add.md").read_text("utf-8")
    asked, expected = map(json.loads, re.findall("```json\n(.*?)```", guide, re.S))

    answer = api_as(alice).post(URL, asked).json()

    [line], [expected_line] = answer["parse"], expected["parse"]
    # These depend on the date and on the user.
    expected_line["spans"][0]["value"] = line["fields"]["due_date"]
    expected_line["fields"] |= {
        name: line["fields"][name] for name in ("list", "due_date")
    }
    assert answer == expected


def test_requires_a_credential(api):
    assert api.post(URL, {"text": LINE}).status_code == 401


def test_rejects_a_route_of_another_user(api_as, alice, bob):
    response = api_as(bob).post(
        f"/api/v1/users/{alice.pk}/tasks/quick", {"text": "Buy milk"}
    )

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": None}, "text"),
        ({"text": 7}, "text"),
        ({"text": ["Buy milk"]}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n\t\n"}, "text"),
        ({"text": "Buy\x00milk"}, "text"),
        ({"text": "Buy milk \x1b"}, "text"),
        ({"text": "a" * 501}, "text"),
        ({"text": "fine\n" * 100 + "too many"}, "text"),
        ({"text": "a\n" * 25_001}, "text"),
        ({"text": "x " + " ".join(f"@label{n}" for n in range(21))}, "text"),
        # Normalised, each of these letters becomes two.
        ({"text": "x @" + "\u0958" * 50}, "text"),
        ({"text": "x", "dry_run": "maybe"}, "dry_run"),
        ({"text": "x", "literal": "all"}, "literal"),
        ({"text": "x", "literal": {"line": 0}}, "literal"),
        ({"text": "x", "literal": [0]}, "literal"),
        ({"text": "x p1", "literal": [{"line": 0}]}, "literal"),
        ({"text": "x p1", "literal": [{"line": 0, "start": "2"}]}, "literal"),
        ({"text": "x p1", "literal": [{"line": -1, "start": 2}]}, "literal"),
        ({"text": "x p1", "literal": [{"line": 1, "start": 2}]}, "literal"),
        ({"text": "x p1", "literal": [{"line": 0, "start": 3}]}, "literal"),
        ({"text": "x p1", "literal": [{"line": 0, "start": 2}] * 1001}, "literal"),
    ],
    ids=range(23),
)
def test_says_which_field_is_wrong_and_stores_nothing(api_as, alice, body, field):
    response = api_as(alice).post(URL, body)

    assert response.status_code == 400
    assert {name.partition(".")[0] for name in response.json()["errors"]} == {field}
    assert not Task.objects.exists()
    assert not alice.labels.exists()
    assert not Change.objects.exists()


def test_names_the_invalid_line_and_stores_nothing(api_as, alice):
    text = "Buy milk @shop\n\nBuy bread\n" + "a" * 501

    response = api_as(alice).post(URL, {"text": text})

    assert response.status_code == 400
    assert response.json()["errors"] == {
        "text": ["Line 3: Use at most 500 characters in the title."]
    }
    assert not Task.objects.exists()
    assert not alice.labels.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_accepts_only_lines(api_as, alice, method):
    assert getattr(api_as(alice), method)(URL).status_code == 405


def test_a_dry_run_rejects_what_the_real_run_rejects(api_as, alice, monkeypatch):
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 1)
    client = api_as(alice)
    long = "x @" + "\u0390" * 50  # folded for comparison, each is three letters

    for text in (long, "x @a @b", "x @a\ny @b"):
        dry = client.post(URL, {"text": text, "dry_run": True})
        real = client.post(URL, {"text": text})

        assert dry.status_code == real.status_code == 400
        assert dry.json() == real.json()
    assert client.post(URL, {"text": "x @a @A", "dry_run": True}).status_code == 200
    assert not Task.objects.exists()
    assert not Label.objects.exists()


# --- What a dry run says -----------------------------------------------------------

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "data" / "quick_add.json").read_text("utf-8")
)
GOLDEN_LINES = [
    *(entry["line"] for group in GOLDEN["lines"].values() for entry in group),
    *GOLDEN["whole"],
]
TEXTS = [
    "\n".join(GOLDEN_LINES[start : start + 50])
    for start in range(0, len(GOLDEN_LINES), 50)
]
SPELLINGS = [
    "a @HOME @Work",
    "a @home\nb @Home\nc @HOME",
    "a @New\nb @NEW @other",
    "a @Caf\u00e9\nb @cafe\u0301",
    "a @\u1e9e @home",
]


@pytest.mark.parametrize("text", [*TEXTS, *SPELLINGS], ids=lambda text: text[:20])
def test_a_dry_run_returns_what_would_be_stored_in_every_field(
    api_as, alice, home, text
):
    client = api_as(alice)
    for name in ("home", "wOrk", "CAFE\u0301"):
        client.post("/api/v1/labels", {"name": name})

    dry = client.post(URL, {"text": text, "dry_run": True}).json()["parse"]
    real = client.post(URL, {"text": text}).json()

    assert dry == real["parse"]
    for line, task in zip(dry, real["tasks"], strict=True):
        stored = client.get(f"/api/v1/tasks/{task['id']}").json()
        assert line["title"] == stored["title"]
        assert line["fields"] == {name: stored[name] for name in line["fields"]}


def test_takes_defaults_and_creates_lists(api_as, alice, home):
    client = api_as(alice)
    TaskFactory(owner=alice, labels=["shop"])
    defaults = {
        "list": str(home.pk),
        "label": str(Label.objects.get().pk),
        "due_date": "2027-02-28",
    }
    body = {"text": "Silent\nSow peas #garden", "defaults": defaults}

    previewed = client.post(URL, body | {"new_lists": ["garden"], "dry_run": True})
    added = client.post(URL, body | {"new_lists": ["garden"]})

    [_, planned] = previewed.json()["parse"]
    assert planned["fields"]["list"] is None
    silent, peas = added.json()["tasks"]
    assert (silent["list"], silent["labels"]) == (str(home.pk), ["shop"])
    assert silent["due_date"] == peas["due_date"] == "2027-02-28"
    assert peas["title"] == "Sow peas"
    assert peas["list"] == str(TaskList.objects.get(name="garden").pk)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"defaults": {"list": str(ABSENT)}}, "defaults.list"),
        ({"defaults": {"label": str(ABSENT)}}, "defaults.label"),
        ({"defaults": {"due_date": "9999-12-31"}}, "defaults.due_date"),
        ({"defaults": {"list": 1}}, "defaults.list"),
        ({"new_lists": ["x" * 101]}, "new_lists.0"),
        ({"new_lists": ["x"] * 101}, "new_lists"),
    ],
)
def test_refuses_wrong_defaults(api_as, alice, sent, field):
    response = api_as(alice).post(URL, {"text": "Buy milk"} | sent)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert not Task.objects.exists()
