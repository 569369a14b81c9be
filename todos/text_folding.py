"""The form in which a search compares texts: without case and accents."""

import unicodedata

# Combining diacritical marks of Latin, Greek and Cyrillic letters.
_MARKS = dict.fromkeys(range(0x0300, 0x0370))
# Letters with a stroke or ligature, which Unicode does not decompose.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i"}
    | {"æ": "ae", "œ": "oe", "þ": "th", "\u2019": "'", "\u2018": "'"}
)


def fold(text: str) -> str:
    """Return the form of a text that a search compares.

    It is the compatibility decomposition (UAX 15, NFKD) with case folded: `Éclair`
    becomes `eclair`, `Straße` becomes `strasse`, the ligature in `ﬁnish` becomes `fi`.
    Marks of other scripts, which distinguish letters there, are kept.
    """
    decomposed = unicodedata.normalize("NFKD", text).translate(_MARKS)
    return decomposed.casefold().translate(_LETTERS)
