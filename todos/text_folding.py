"""How text is compared in a search: without case and without accents."""

import unicodedata

# Diacritics that stand on a letter of their own: Latin, Greek, Cyrillic.
_MARKS = dict.fromkeys(range(0x0300, 0x0370))
# Letters that carry their stroke or tie inside, so that Unicode takes none apart.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i"}
    | {"æ": "ae", "œ": "oe", "þ": "th", "\u2019": "'", "\u2018": "'"}
)


def fold(text: str) -> str:
    """Return the form under which two texts are the same in a search.

    Compatibility forms (UAX 15, NFKD) with case folded: `Éclair` is `eclair`, `Straße`
    is `strasse`, the ligature in `ﬁnish` is `fi`. What a person would call another
    letter in other scripts stays.
    """
    apart = unicodedata.normalize("NFKD", text).translate(_MARKS)
    return apart.casefold().translate(_LETTERS)
