"""Validation of text in serializers and forms."""

import sys
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from config.text import (
    COMPOSED_MAX,
    MARKS_MAX,
    TextField,
    TextFormField,
    clean_text,
)

MOST = 1000
ACUTE, DOT_BELOW = "\u0301", "\u0323"


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
        ("\u200b", ""),
        ("\ufeff \u3164\u2800\u00ad", ""),
        ("\U000e0041\u202e\ufe0f", ""),
        ("\u200bx", None),
        ("\u2764\ufe0f", None),
    ],
)
def test_text_is_trimmed_and_normalised(given_text, kept):
    assert clean_text(given_text, most=MOST) == (given_text if kept is None else kept)


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ud800"]
)
@pytest.mark.parametrize("multiline", [True, False])
def test_characters_that_cannot_be_shown_or_stored_are_refused(character, multiline):
    with pytest.raises(ValidationError) as refused:
        clean_text(f"a{character}b", multiline=multiline, most=MOST)

    assert refused.value.code == "control_characters"
    assert f"U+{ord(character):04X}" in refused.value.messages[0]


def test_line_ends_of_multiline_text_are_unified():
    assert clean_text("a\r\nb\rc\n\td", multiline=True, most=MOST) == "a\nb\nc\n\td"


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\rb"])
def test_a_single_line_contains_no_line_end(text):
    with pytest.raises(ValidationError):
        clean_text(text, most=MOST)


@settings(max_examples=200)
@given(st.text(max_size=50), st.booleans())
def test_cleaning_is_idempotent(text, multiline):
    try:
        once = clean_text(text, multiline=multiline, most=MOST)
    except ValidationError:
        return

    assert clean_text(once, multiline=multiline, most=MOST) == once
    assert "\x00" not in once
    once.encode()


def test_a_form_field_applies_the_same_rule():
    field = TextFormField(multiline=True, max_length=3)

    assert field.clean(" a\r\nb ") == "a\nb"
    with pytest.raises(ValidationError):
        field.clean("a\x00b")
    with pytest.raises(ValidationError):
        field.clean("abcd")
    assert TextFormField(required=False, max_length=3).clean("") == ""


# --- Cost --------------------------------------------------------------------------


@pytest.fixture
def normalised_lengths(monkeypatch):
    """The length of every text that is normalised during the test."""
    lengths = []
    real = unicodedata.normalize

    def counted(form, text):
        lengths.append(len(text))
        return real(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counted)
    return lengths


@pytest.mark.parametrize("letter", ["a", "\u00e9", ACUTE, "\u4e2d"])
def test_a_text_that_is_too_long_is_refused_before_it_is_processed(
    normalised_lengths, letter
):
    with pytest.raises(ValidationError) as refused:
        clean_text(letter * (4 * 10 + 1), most=10)

    assert refused.value.code == "max_length"
    assert refused.value.messages == ["Use at most 10 characters."]
    assert normalised_lengths == []


@pytest.mark.parametrize(
    "marks",
    [
        ACUTE * 31,
        DOT_BELOW * 20 + ACUTE * 11,
        "\u0f73" * 16,  # not a mark by its class, but decomposed into two marks
        "\uff9e" * 31,  # not a mark, but a mark after NFKC
    ],
)
def test_too_many_marks_on_one_letter_are_refused_before_normalising(
    normalised_lengths, marks
):
    with pytest.raises(ValidationError) as refused:
        clean_text(f"a{marks}b", most=MOST)

    assert refused.value.code == "marks"
    assert str(MARKS_MAX) in refused.value.messages[0]
    assert set(normalised_lengths) <= {1, 16 + 2}


def test_the_maximum_number_of_marks_is_accepted():
    text = "a" + DOT_BELOW * 15 + ACUTE * 15

    assert clean_text(f"{text} {text}", most=MOST) == unicodedata.normalize(
        "NFC", f"{text} {text}"
    )


@pytest.mark.parametrize("letters", ["\u0958" + ACUTE * 29, "a" + "\u0344" * 15])
def test_text_that_grows_when_normalised_is_still_valid(letters):
    once = clean_text(letters, most=MOST)

    assert len(once) > len(letters)
    assert clean_text(once, most=MOST) == once


def test_every_character_that_normalisation_sorts_is_a_mark():
    """All characters that decompose into marks only, in this Unicode version."""
    for character in map(chr, range(sys.maxunicode + 1)):
        apart = unicodedata.normalize("NFKD", character)
        if all(map(unicodedata.combining, apart)):
            with pytest.raises(ValidationError):
                clean_text("a" + character * (MARKS_MAX + 1), most=MOST)


def test_no_character_is_composed_of_more_than_the_maximum():
    longest = max(
        len(unicodedata.normalize("NFD", character))
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.is_normalized("NFC", character)
    )

    assert longest <= COMPOSED_MAX


@pytest.mark.parametrize("make", [TextField, TextFormField])
def test_a_field_limits_the_stored_length(make):
    """So decomposed text and surrounding spaces may exceed the limit."""
    field = make(max_length=3)
    read = getattr(field, "run_validation", None) or field.clean

    assert read("  " * 500 + "e\u0301" * 3) == "\u00e9" * 3
    for too_long in ("e\u0301" * 4, "a" * 4, "a" * 100_000):
        with pytest.raises(Exception, match="Use at most 3 characters"):
            read(too_long)
