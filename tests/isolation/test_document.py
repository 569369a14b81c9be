"""The page about isolation says what the tables of the access matrix say."""

import re

from django.conf import settings

from tests.isolation.__main__ import SET_UPS
from tests.isolation.answers import Asked, note, noted
from tests.isolation.document import (
    document,
    from_the_tables,
    requests_of_a_run,
    result_of,
)

PAGE = settings.BASE_DIR / "docs" / "isolation.md"


def test_the_page_is_the_generated_one():
    text = PAGE.read_text("utf-8")

    written = document(from_the_tables(), result_of(text))

    assert written == text, "run python -m tests.isolation --tables"


def test_every_set_up_that_was_asked_answered_as_the_tables_say():
    rows = result_of(PAGE.read_text("utf-8"))

    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    assert [name for name, *_ in cells] == list(SET_UPS)
    for _, requests, as_below, otherwise in cells:
        if requests != "not asked yet":
            assert (requests, otherwise) == (as_below, "0")
            asked = int(requests.replace(",", ""))
            assert asked == requests_of_a_run(), "run make isolation"


def test_a_difference_between_credentials_is_written_down():
    answers = from_the_tables()
    asked = Asked("GET", "api/v1/tasks", "token", "stranger")
    assert answers[asked] == 200

    text = document({**answers, asked: 418}, [])

    assert re.search(r"\| token \| another user \| 418 \| `GET /api/v1/tasks` \|", text)


def test_answers_are_recorded_in_the_named_file(tmp_path, monkeypatch):
    path = tmp_path / "answers.jsonl"
    asked = Asked("GET", "api/v1/tasks", "session", "owner")
    monkeypatch.setenv("OWNLIST_ANSWERS", str(path))

    note(asked, 200)
    note(asked, 404)

    assert list(noted(path)) == [(asked, 200), (asked, 404)]
