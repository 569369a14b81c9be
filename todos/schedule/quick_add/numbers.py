"""Small numbers, in digits or in words."""

CARDINALS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
ORDINALS = "first|second|third|fourth|fifth"

COUNT = rf"(?:\d{{1,4}}|an?|{CARDINALS})"
ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{ORDINALS})"


def number_of(text: str) -> int:
    """Return the number in a text that matches one of the patterns above."""
    word = text.lower()
    if word in {"a", "an"}:
        return 1
    for words in (CARDINALS.split("|"), ORDINALS.split("|")):
        if word in words:
            return words.index(word) + 1
    return int(word.rstrip("stndrh"))
