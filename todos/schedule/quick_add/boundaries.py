"""Whether phrases at the end of a line are apart from the words before them.

"Meet with Friday", "Black Friday" and "John 3:16" are titles: there, the phrase belongs
to the words before it. "Wednesday 8 17:00" has more words about time than the phrases
recognise, so they could have another meaning. Where it is uncertain, the text is title.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import cached_property

from todos.limits import TITLE_MAX_LENGTH
from todos.schedule.quick_add import languages, vocabulary
from todos.schedule.quick_add.calendars import MONTH, WEEKDAY, weekday_of
from todos.schedule.quick_add.ends import WHOLE_PERIODS
from todos.schedule.quick_add.numbers import CARDINALS, ORDINAL
from todos.schedule.quick_add.parts import Part

CLOCK = (
    r"~?\d{1,2}(?:[:.h]\d\d)?(?:[ap]\.?m\.?(?:-?ish)?|-?ish)"
    r"|\d{1,2}[:.h]\d\d(?::\d\d)?"
)
SPOKEN_CLOCK = f"(?:at|half|past|quarter (?:past|to)) (?:{CARDINALS})"
NUMERIC_DATE = (
    r"\d{4}-\d\d?-\d\d?\S*|\d\d?\.\d\d?\.(?:\d\d|\d{4})?|\d{1,4}/\d\d?(?:/\d+)?"
    rf"|\d\d?[-.]?{MONTH}|{MONTH}[-.]?\d\d?"
)
HOLIDAY = (
    r"(?:christmas|xmas|new year['’]?s?|valentine['’]?s?|thanksgiving|easter|halloween"
    r"|hanukkah|diwali|eid|independence|labou?r|memorial|mother['’]?s|father['’]?s)"
)
TODAY = "today|tonight|tomorrow|yesterday|(?-i:tod|tom|tmrw?)"
SPAN = r"\d\d?(?::\d\d)?(?:am|pm)?[-–—]\d\d?(?::\d\d)?(?:am|pm)?"
ADVERBS = (
    "daily|everyday|weekly|monthly|yearly|annually|quarterly|hourly|fortnightly"
    "|bi-?weekly|bi-?monthly"
)
# The last words of a title that are about time, and so belong to the phrases after it.
ABOUT_TIME = re.compile(
    rf"(?:.* )?(?:{WEEKDAY}s?(?:[-–—/]{WEEKDAY}s?)?|{TODAY}|{ADVERBS}|{ORDINAL}"
    rf"|{CLOCK}|{NUMERIC_DATE}|{SPAN}|noon|midnight|next|coming|mid|half"
    r"|(?:week|month|year|fortnight|weekend)s?|\d\d? ?(?:[ap]\.?m\.?|o['’]clock)"
    rf"|{SPOKEN_CLOCK}|(?:any|some) (?:day|time)"
    r"|(?:every!?|ev|each|per|in|next|last|other) (?:\S+ )?(?:day|hour|minute|min)s?"
    r"|(?:weekday|workday)s?"
    rf"|{MONTH} \d\d?|\d\d? {MONTH}|{MONTH},? \d{{4}}|(?:week|wk|kw|cw) \d\d?"
    r"|(?:until|till|at|by|to|from|before|after|in|on|every!?|ev) \d\d?"
    rf"|(?:in the|this|every|{WEEKDAY}|{TODAY}) (?:morning|afternoon|evening|night)"
    rf"|(?:[01]\d|2[0-3])[0-5]\d|(?:{CLOCK}) (?-i:[A-Z]{{2,5}}))",
    re.I | re.A,
)
A_MONTH = re.compile(MONTH, re.I | re.A)
# Anywhere in a title, these words could be the date of a time at its end.
A_DATE = re.compile(
    rf"(?<!\S)(?:(?:{WEEKDAY}|{TODAY})s?(?:['’]s|(?:[,+/&]{WEEKDAY}s?)+)?"
    rf"|{NUMERIC_DATE}|{CLOCK}|{SPAN}"
    r"|(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d|20\d\d-(?:[01]\d|W\d\d(?:-\d)?)"
    rf"|next (?:week|month|quarter|year)(?:['’]s)?|week-?ends?"
    rf"|{MONTH} \d\d?(?:st|nd|rd|th)?|\d\d?(?:st|nd|rd|th)?(?: of)? {MONTH}"
    rf"|{HOLIDAY}(?: (?:eve|day))?$|(?:kw|wk)\d\d?"
    r"|someday|some day|soon|overmorrow|2mor\w+|wensday)[,;:.!?]*(?!\S)",
    re.I | re.A,
)
AMBIGUOUS_DAYS = {"sat", "sun", "wed"}
SMALL_NUMBER = re.compile(r"0?[1-9]|[12]\d|3[01]")
OPEN = "-–—/&+=([{"  # the last character of a word that is not complete
SIGNS = frozenset("-–—/&+=~|@*#×<>:([{")
MEASURE = re.compile(r"\d+(?:[.,]\d+)?(?:k|km|m|mi|miles?|kg|lbs?|ml|laps)", re.I)
BRACKETS = str.maketrans(dict.fromkeys("()[]{}*_", " "))
# Words that are a day, if one letter is wrong.
OFTEN_MISSPELT = vocabulary.words_in(
    "monday tuesday wednesday thursday friday saturday sunday tomorrow tonight"
)
BARE_CLOCK = re.compile(r"(\d\d?):\d\d[,;.!]?(?: |$)")
BARE_DAY = re.compile(rf"{WEEKDAY}\b", re.I | re.A)
CAPITALISED = re.compile("(?:Today|Tonight|Tomorrow|Sun)[,;.!]?$")
CLOSING = ",;"
UNREAD_SIGN = re.compile(f"^(?:due|from):|[{CLOSING}]+$", re.I)


@dataclass(frozen=True)
class Line:
    """The words of a title, and the text of the phrases after it."""

    words: Sequence[str]
    text: str
    parts: Sequence[Part]

    @cached_property
    def last(self) -> str:
        """The last word of the title, in lower case and without a comma."""
        return self.as_written.lower()

    @cached_property
    def as_written(self) -> str:
        """The last word of the title, without a comma."""
        return self.words[-1].rstrip(CLOSING)

    @cached_property
    def before_last(self) -> str:
        """The word before the last; empty if there is none."""
        return self.words[-2].lower().rstrip(CLOSING) if len(self.words) > 1 else ""

    @cached_property
    def has_no_day(self) -> bool:
        """Whether the phrases name no day, so that the first would be the next."""
        rules = [part.sets["rule"] for part in self.parts if "rule" in part.sets]
        is_dated = any("due_date" in part.sets for part in self.parts)
        return not is_dated and all(map(WHOLE_PERIODS.fullmatch, rules))

    @cached_property
    def starts_with_number(self) -> bool:
        """Whether a number or the name of a month is first."""
        return self.text[0].isdigit() or bool(A_MONTH.match(self.text))

    @cached_property
    def starts_with_time(self) -> bool:
        """Whether a time of day is first."""
        return self.parts[0].kind == "time"

    @cached_property
    def day(self) -> str:
        """The day of the week that is first, as written; else empty."""
        found = BARE_DAY.match(self.text)
        return found[0] if found and self.parts[0].kind == "due" else ""


def is_apart(line: Line) -> bool:
    """Whether the title is complete without the phrases after it.

    A title that is too long for a task is not examined.
    """
    if sum(map(len, line.words)) > TITLE_MAX_LENGTH:
        return False
    return not line.words or not any(belongs(line) for belongs in _RULES)


def _is_incomplete(line: Line) -> bool:
    is_sign = set(line.last) <= SIGNS or line.last.endswith(tuple(OPEN))
    word = UNREAD_SIGN.sub("", line.last).strip("()[]")
    if word in vocabulary.INCOMPLETE or word.rstrip("!") == "every" or is_sign:
        return True
    if re.match(f"on (?:{TODAY})", line.text, re.I):
        return True  # "What's on tonight"
    starts_with_number = line.starts_with_number or line.starts_with_time
    return starts_with_number and line.last in vocabulary.INCOMPLETE_BEFORE_NUMBERS


def _is_about_time(line: Line) -> bool:
    """Whether words about time are left over, such as "every 2 hours" before "9am"."""
    if line.last in AMBIGUOUS_DAYS and _is_not_a_day(line.words[:-1], line.as_written):
        return False
    if line.as_written in {"tom", "tod"} and line.before_last in vocabulary.CONTACT:
        return False
    if line.last in {"early", "late", "later"}:
        return line.text.lower().startswith(("next ", "this ", "end "))
    words = " ".join(UNREAD_SIGN.sub("", word) for word in line.words[-3:])
    if ABOUT_TIME.fullmatch(words):
        return True
    # June and April are names, too: "Call June tomorrow".
    is_month = bool(A_MONTH.fullmatch(line.last))
    return is_month and not re.match(f"(?:on )?(?:{TODAY})|in ", line.text, re.I)


def _is_after_number(line: Line) -> bool:
    """Whether a day or an hour could be left over: "Wednesday 8 17:00"."""
    is_number = bool(SMALL_NUMBER.fullmatch(line.last))
    is_dated = line.parts[0].kind in {"due", "time"}
    return is_number and is_dated and line.before_last not in vocabulary.COUNTERS


def _is_named_day(line: Line) -> bool:
    """Whether it is the name of a day, a paper or a programme: "Black Friday"."""
    if line.day:
        names = vocabulary.NAMED_DAYS[weekday_of(line.day)]
        if line.last in names or line.last in vocabulary.BEFORE_ANY_DAY:
            return True
    if len(line.words) == 1 and line.last in vocabulary.WATCHING:
        return bool(re.fullmatch(f"(?:{WEEKDAY}|{TODAY})[,;.!]?", line.text, re.I))
    is_name = len(line.words) > 1 and line.as_written[0].isupper()
    is_all_upper = " ".join(line.words).isupper()
    return is_name and not is_all_upper and bool(CAPITALISED.match(line.text))


def _is_other_word(line: Line) -> bool:
    """Whether "sun", "sat" or "wed" is not a day, and "tom" a name."""
    if re.match("(?:tom|tod)[,;.!]?(?: |$)", line.text):
        return line.last in vocabulary.CONTACT
    return _is_not_a_day(line.words, line.day)


def _is_not_a_day(words: Sequence[str], day: str) -> bool:
    lowered = [word.lower().rstrip(CLOSING) for word in words]
    if day.lower() not in AMBIGUOUS_DAYS or not lowered:
        return False
    if day.isupper() and not " ".join(words).isupper():
        return True  # the SAT is a test
    if day == "sun":
        return lowered[-1] in vocabulary.BEFORE_SUN
    is_clause = bool(vocabulary.SUBORDINATE & set(lowered))
    is_clause = is_clause or lowered[0] in vocabulary.ARTICLES
    is_clause = is_clause or lowered[-1] in {"i", "we", "you"}
    return day.islower() and (
        is_clause or (day == "wed" and lowered[-1] in vocabulary.BEFORE_WED)
    )


def _is_ratio(line: Line) -> bool:
    """Whether it is a ratio, a result, a verse or a duration: "Mix epoxy 1:10"."""
    found = BARE_CLOCK.match(line.text)
    if found is None:
        return False
    lowered = [word.lower().rstrip(CLOSING) for word in line.words]
    is_at_night = found[1] in {"0", "1", "2", "3", "4"}
    return (
        is_at_night
        or bool(vocabulary.RATIO & set(lowered))
        or bool(MEASURE.fullmatch(line.last))
        or _is_book(lowered)
    )


def _is_book(words: Sequence[str]) -> bool:
    """Whether the title ends with the name of a book with verses."""
    if words[-1].rstrip(".") not in vocabulary.BOOKS:
        return False
    is_numbered = len(words) > 1 and words[-2] in {"1", "2", "3", "i", "ii", "iii"}
    is_name = words[-1] in vocabulary.BOOKS_AND_NAMES
    is_alone = len(words) == 1 or words[0] in vocabulary.READING
    return is_numbered or is_alone or not is_name


def _is_value(line: Line) -> bool:
    """Whether it is a price, or how long it takes: "Run 5k in 30 minutes"."""
    if re.match(r"at \d\d?(?: |$)", line.text):
        return line.last in vocabulary.BEFORE_A_VALUE
    if not line.text.startswith("in "):
        return False
    is_quick = re.match(r"in \S+ (?:minute|min|hour)s?", line.text)
    return any(
        word[0].isdigit() and (is_quick or MEASURE.match(f"{word}{unit}"))
        for word, unit in zip(line.words, [*line.words[1:], ""], strict=True)
    )


def _is_date_elsewhere(line: Line) -> bool:
    """Whether the title has words that could be the day of these phrases."""
    if not line.has_no_day:
        return False
    title = " ".join(line.words).translate(BRACKETS)
    if any(not _is_word_at(title, found) for found in A_DATE.finditer(title)):
        return True
    return any(map(_is_misspelt_day, title.lower().split()))


def _is_misspelt_day(word: str) -> bool:
    """Whether a word is the name of a day with one wrong letter: "tommorow"."""
    word = word.strip(",;:.!?")
    return 4 < len(word) < 11 and not _MISSPELT.isdisjoint(_without_a_letter(word))


def _without_a_letter(word: str) -> set[str]:
    """Return the word, and the word without each of its letters."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


_MISSPELT = frozenset().union(*map(_without_a_letter, OFTEN_MISSPELT))


def _is_word_at(title: str, found: re.Match[str]) -> bool:
    """Whether what looks like a day in a title is another word."""
    day = found[0].strip(",;:.!?")
    return _is_not_a_day(title[: found.start()].split(), day)


def _is_foreign(line: Line) -> bool:
    """Whether words about time in another language are left over."""
    if line.last.rstrip(".") in languages.DAYS or languages.WITHOUT_SPACES.search(
        line.last
    ):
        return True
    if line.text.startswith("mar ") and not " ".join(line.words).isascii():
        return True  # mardi, martes, martedì
    if line.day in {"sat", "fri"}:
        return bool(languages.BEFORE_OTHER_WORDS[line.day].fullmatch(line.last))
    if line.has_no_day and any(map(_is_foreign_day, line.words)):
        return True
    word = line.as_written.rstrip(".")
    if not line.text[0].isdigit():
        is_month = line.text.startswith(("mar ", "mai "))
        return is_month and word in languages.BEFORE_NUMBERS
    is_letter = len(word) == 1 and not word.isascii()  # such as 金
    is_short = word.isalpha() and (is_letter or (len(word) < 3 and word.islower()))
    return (
        word in languages.BEFORE_NUMBERS
        or (is_short and word not in languages.SHORT_ENGLISH)
        or (word.istitle() and word.lower() in languages.SHORT_DAYS)
    )


def _is_foreign_day(word: str) -> bool:
    """Whether the word is a day or a part of one in another language."""
    word = word.lower().strip(",;:.()[]")
    found = languages.STEMS.match(word) or languages.WITHOUT_SPACES.search(word)
    return word in languages.DAYS or word in languages.PERIODS or bool(found)


_RULES: tuple[Callable[[Line], bool], ...] = (
    _is_incomplete,
    _is_about_time,
    _is_after_number,
    _is_named_day,
    _is_other_word,
    _is_ratio,
    _is_value,
    _is_date_elsewhere,
    _is_foreign,
)
