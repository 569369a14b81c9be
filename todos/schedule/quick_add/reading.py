"""The parts of a line: first the marked ones, then those at its end."""

import re
from dataclasses import replace

from todos.schedule.quick_add.boundaries import Line, is_apart
from todos.schedule.quick_add.calendars import MONTH, WEEKDAY
from todos.schedule.quick_add.parts import Context, Part, Settings
from todos.schedule.quick_add.phrases import FOUND, continues, read_phrases
from todos.schedule.quick_add.tokens import SEPARATORS, read_token
from todos.schedule.quick_add.words import Word, words_of

PHRASE_WORDS_MAX = 20
NOT_OF_A_START = {"due_time", "part_of_day", "rule", "end", "is_beginning"}
# What a backslash escapes: text that would otherwise be a part, or begin one.
ESCAPABLE = re.compile(
    r'[#@!"“”„‟«»].*|(?:due|from|remind):.*|(?:p[1-4]|every|next|this|weekend'
    r"|today|tonight|tomorrow|tod|tom|tmrw?|noon|midnight"
    rf"|[0-9]+(?:am|pm|st|nd|rd|th|[-.:][0-9][-.:0-9]*)|{WEEKDAY}|{MONTH})"
    rf"[{SEPARATORS}]*",
    re.I | re.A,
)


def parts_of(line: str, context: Context) -> list[Part]:
    """Return the parts of a line in their order."""
    return sorted(_Reader(line, context).read(), key=lambda part: part.start)


class _Reader:
    """Finds the parts of one line."""

    def __init__(self, line: str, context: Context) -> None:
        self.context = context
        self.words = list(words_of(line))
        self.is_part = [False] * len(self.words)
        self.parts: list[Part] = []
        self.made: set[str] = set()

    def read(self) -> list[Part]:
        for index, word in enumerate(self.words):
            if self.is_part[index] or word.is_literal:
                continue
            if word.sign in {"due:", "from:"}:
                self._read_phrase_after_sign(index)
            elif part := read_token(word, self.context):
                self._take(part, range(index, index + 1))
        self._read_trailing()
        self._read_escapes()
        return self.parts

    def _take(self, part: Part, indexes: range) -> None:
        """Keep a part, unless an earlier part makes one of its settings."""
        settings = part.sets.keys() - {"label"}
        if settings & self.made:
            return
        self.made |= settings
        self.parts.append(part)
        for index in indexes:
            self.is_part[index] = True

    # --- Marked parts ---

    def _read_phrase_after_sign(self, index: int) -> None:
        word, text = self.words[index], self._text_after_sign(index)
        is_start = word.sign == "from:"
        taken = NOT_OF_A_START if is_start else self.made
        parts, end = read_phrases(text, 0, self.context, taken=taken, is_marked=True)
        if is_start:
            parts = [_as_start(part) for part in parts]
        if not word.is_quoted:
            if not continues(text, end, self.context):
                self._take_phrases(parts, text, range(index, len(self.words)))
        elif parts and end == len(text) and not word.after.strip(SEPARATORS):
            whole = replace(_merged(parts), start=word.start, end=word.end)
            self._take(whole, range(index, index + 1))

    def _text_after_sign(self, index: int) -> str:
        """Return the quoted text, or else the words up to the next part."""
        first, *others = self.words[index : index + PHRASE_WORDS_MAX]
        if first.is_quoted:
            return " ".join(first.body.split())
        texts = [first.body]
        for word in others:
            if word.sign or word.is_literal:
                break
            texts.append(word.text)
        return " ".join(texts)

    def _take_phrases(self, parts: list[Part], text: str, indexes: range) -> None:
        """Keep the phrases of a text whose words are those at `indexes`."""
        for part in parts:
            first, last = (text.count(" ", 0, at) for at in (part.start, part.end))
            covered = indexes[first : last + 1]
            start, end = self.words[covered[0]].start, self.words[covered[-1]].end
            self._take(replace(part, start=start, end=end), covered)

    # --- Parts at the end of the line ---

    def _read_trailing(self) -> None:
        """Take the longest run of phrases that reaches the end of the line."""
        indexes = self._tail()
        pieces = [FOUND if self.is_part[i] else self.words[i].text for i in indexes]
        text, start = " ".join(pieces), 0
        for index, piece in zip(indexes, pieces, strict=True):
            if piece != FOUND:
                parts, end = read_phrases(text, start, self.context, taken=self.made)
                if start < end == len(text):
                    line = Line(self._title_before(index), text[start:], parts)
                    if parts and is_apart(line):
                        self._take_phrases(parts, text, indexes)
                    return
            start += len(piece) + 1

    def _tail(self) -> range:
        """Return the indexes of the last words, including parts among them."""
        first, room = len(self.words), PHRASE_WORDS_MAX
        while first > 0 and (room or self.is_part[first - 1]):
            word = self.words[first - 1]
            if not self.is_part[first - 1]:
                if word.is_quoted or word.is_literal:
                    break
                room -= 1
            first -= 1
        return range(first, len(self.words))

    def _title_before(self, index: int) -> list[str]:
        """Return the words of the title before a word; a quotation is one of them."""
        words = [self.words[i] for i in range(index) if not self.is_part[i]]
        return ['""' if word.is_quoted else word.text for word in words]

    # --- Escapes ---

    def _read_escapes(self) -> None:
        indexes = range(len(self.words))
        title = [self.words[i] for i in indexes if not self.is_part[i]]
        for word in title:
            if word.text[0] == "\\" and ESCAPABLE.fullmatch(word.text, 1):
                self.parts.append(_escape(word.start))
        has_offer = any(part.kind == "new_list" for part in self.parts)
        if len(title) == 1 and _is_all_quoted(title[0]) and not has_offer:
            self.parts += [_escape(title[0].start), _escape(title[0].end - 1)]


def _as_start(part: Part) -> Part:
    return replace(part, kind="start", sets={"start_date": part.sets["due_date"]})


def _merged(parts: list[Part]) -> Part:
    """Return the phrases in one pair of quotes as one part."""
    kinds = {part.kind: part for part in parts}
    main = kinds.get("repeat") or kinds.get("due") or parts[0]
    value = main.value
    if main.kind == "due" and "time" in kinds:
        value = f"{value}T{kinds['time'].value}"
    sets = Settings()
    for part in parts:
        sets |= part.sets
    return replace(main, value=value, sets=sets)


def _is_all_quoted(word: Word) -> bool:
    return (
        word.is_quoted and not word.sign and not word.after and bool(word.body.strip())
    )


def _escape(start: int) -> Part:
    return Part("escape", start, start + 1, None)
