"""The one rule for text, in serializers and in forms."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from config.text import TextFormField, clean_text


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("  Buy milk \t\r\n", "Buy milk"),
        ("e\u0301", "\u00e9"),
        ("\u212b", "\u00c5"),
        ("\u3000wide\u3000", "wide"),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", None),
        ("\u202eright to left", None),
        ("", ""),
        ("   ", ""),
    ],
)
def test_text_is_trimmed_and_normalised(given_text, kept):
    assert clean_text(given_text) == (given_text if kept is None else kept)


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ud800"]
)
@pytest.mark.parametrize("multiline", [True, False])
def test_what_can_not_be_shown_or_stored_is_refused(character, multiline):
    with pytest.raises(ValidationError) as refused:
        clean_text(f"a{character}b", multiline=multiline)

    assert refused.value.code == "control_characters"
    assert f"U+{ord(character):04X}" in refused.value.messages[0]


def test_line_ends_are_kept_alike_where_lines_may_be():
    assert clean_text("a\r\nb\rc\n\td", multiline=True) == "a\nb\nc\n\td"


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\rb"])
def test_a_single_line_holds_no_line_end(text):
    with pytest.raises(ValidationError):
        clean_text(text)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.text(max_size=50), st.booleans())
def test_cleaning_twice_is_as_good_as_once(text, multiline):
    try:
        once = clean_text(text, multiline=multiline)
    except ValidationError:
        return

    assert clean_text(once, multiline=multiline) == once
    assert "\x00" not in once
    once.encode()


def test_a_form_reads_by_the_same_rule():
    field = TextFormField(multiline=True, max_length=3)

    assert field.clean(" a\r\nb ") == "a\nb"
    with pytest.raises(ValidationError):
        field.clean("a\x00b")
    with pytest.raises(ValidationError):
        field.clean("abcd")
    assert TextFormField(required=False).clean("") == ""
