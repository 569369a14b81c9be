"""A line as words. A quotation is one word, including its spaces."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A quotation can't contain its opening quote, so a line full of quotes that are never
# closed still takes linear time. Keyboards also type ”…” and mix kinds: "…”.
QUOTED = '"[^"]*"|[“”„‟][^“”„‟]*[“”„‟]|«[^«»]*»|»[^«»]*«|["“”„‟][^"“”„‟]*["“”„‟]'
SINGLE_QUOTED = "['‘’‚][^'‘’‚]*['‘’]"  # only after a sign: elsewhere an apostrophe
SIGN = r"[#@]|(?:due|from|remind):"
WORD = re.compile(
    rf"({SIGN})?(?:({QUOTED}|(?(1){SINGLE_QUOTED}|(?!)))(\S*)|(\S+))", re.I
)


class Word(NamedTuple):
    """Characters between spaces, or up to the end of a quotation.

    `sign` is the marker of a part in lower case: `#`, `@`, `due:`; or empty. `body` is
    the rest, or the inside of a quotation; `after` is the text attached to a quotation.
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
        """Whether it is marked as title: escaped, or quoted without a marker."""
        return self.text[0] == "\\" or (self.is_quoted and not self.sign)


def words_of(line: str) -> Iterator[Word]:
    """Split a line; only white space is dropped."""
    for match in WORD.finditer(line):
        sign, quoted, after, plain = match.groups(default="")
        body = quoted[1:-1] if quoted else plain
        start, end = match.span()
        yield Word(start, end, match[0], sign.lower(), body, bool(quoted), after)
