"""A line as words. What stands in quotes is one word, spaces and all."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A quotation may not hold the sign it opens with: so a line full of signs that are
# never closed is still read in one go.
QUOTED = r'"[^"]*"|“[^“”]*”|„[^„“]*“'
SIGN = r"[#@]|(?:due|from|remind):"
WORD = re.compile(rf"({SIGN})?(?:({QUOTED})(\S*)|(\S+))", re.I)


class Word(NamedTuple):
    """Characters between spaces, or up to the end of a quotation.

    `sign` is what a part begins with, in small letters: `#`, `@`, `due:`; or nothing.
    `body` is the rest; of a quotation, what is inside, and `after` what follows it.
    """

    start: int
    end: int
    text: str
    sign: str
    body: str
    is_quoted: bool
    after: str

    @property
    def is_literal(self) -> bool:
        """Whether the writer said that this is title, whatever it looks like."""
        return self.text[0] == "\\" or (self.is_quoted and not self.sign)


def words_of(line: str) -> Iterator[Word]:
    """Split a line; nothing but white space is left out."""
    for match in WORD.finditer(line):
        sign, quoted, after, plain = match.groups(default="")
        body = quoted[1:-1] if quoted else plain
        start, end = match.span()
        yield Word(start, end, match[0], sign.lower(), body, bool(quoted), after)
