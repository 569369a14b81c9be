"""HTML as plain text.

Every step reads the text once, from its beginning to its end, without going back: the
parsers of browsers, and that of Python, take far longer for some inputs. What is not
HTML remains text.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress
from typing import NamedTuple

MARKUP_MAX = 100_000  # characters that are read, without what is never shown
TAG_MAX = 1_000  # characters of a tag at the end that are looked for
HTML_CUT = f"Only the first {MARKUP_MAX} characters of this HTML were imported."

SIGN = re.compile(r"<(?!(?:/?[a-z]|[!?])[^<>]*>)", re.I)  # not of a tag
HIDDEN = re.compile(r"<(?:script|style|title)\b", re.I)
HIDDEN_END = re.compile(r"</(?:script|style|title)\b[^<>]*>", re.I)
PREFORMATTED = re.compile(r"(<pre\b[^<>]*>)([^<]+)", re.I)
OTHER_SPACES = "\t\r\n\f\v\u00a0"
# Files within the HTML, such as pictures, which would use up what is read.
EMBEDDED = re.compile(r"""(?<=["'(])data:[^\s"'<>)]+""", re.I)
HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
SCHEMES = ("http:", "https:", "mailto:", "tel:")

# Marks in the text while it is built. They are control characters, which are removed
# from the input first.
BLOCK, PARAGRAPH, LESS = "\1", "\2", "\3"
CONTROLS = re.compile("[\0-\x08\x0e-\x1f]")
BLOCKS = (
    "article blockquote body dd div dl dt footer h1 h2 h3 h4 h5 h6 head header hr html"
)
BLOCKS += " main ol pre section table tbody tfoot thead tr ul"
# What tags are replaced by; other tags show nothing of their own.
SHOWN = dict.fromkeys(["/br", "td", "/td", "th", "/th"], " ")
SHOWN |= {f"{end}{name}": BLOCK for name in BLOCKS.split() for end in ("", "/")}
SHOWN |= {"br": "\n", "li": f"{BLOCK}- ", "/li": BLOCK, "p": PARAGRAPH, "/p": PARAGRAPH}
TAG = re.compile(r"<(/?\w*)[^<>]*>")
SPACES = re.compile(" {2,}")
MARKS = re.compile(f"[{BLOCK}{PARAGRAPH}][ {BLOCK}{PARAGRAPH}]*")
# A block whose last line ends by itself adds no other line.
LAST_LINE = re.compile(f"\n{BLOCK}")
AROUND_LINES = re.compile(" ?\n ?")
MANY_LINES = re.compile(r"\n{3,}")


class PlainText(NamedTuple):
    """The text of HTML; not complete if the HTML is too long to be read whole."""

    text: str
    is_complete: bool


def plain_text(markup: str) -> PlainText:
    """Return the text of HTML, with the addresses of links after their texts."""
    text = _without_hidden(_without_comments(CONTROLS.sub("", markup)))
    if len(text) > MARKUP_MAX:
        text = EMBEDDED.sub("", text)
    if len(text) <= MARKUP_MAX:
        return PlainText(_shown(text), is_complete=True)
    return PlainText(_shown(_cut(text)), is_complete=False)


def _cut(text: str) -> str:
    """Return the beginning of HTML, without a part of a tag at its end."""
    last = text.rfind("<", MARKUP_MAX - TAG_MAX, MARKUP_MAX)
    is_within_a_tag = last >= 0 and text.find(">", last, MARKUP_MAX) < 0
    return text[: last if is_within_a_tag else MARKUP_MAX]


def _shown(text: str) -> str:
    text = SIGN.sub(LESS, text)
    text = PREFORMATTED.sub(lambda match: match[1] + _with_breaks(match[2]), text)
    for space in OTHER_SPACES:
        text = text.replace(space, " ")
    links = _Links()
    shown = TAG.sub(links.shown_tag, text)
    text = MARKS.sub(_strongest, _joined(shown + links.end(text)))
    text = LAST_LINE.sub("\n", text).replace(BLOCK, "\n").replace(PARAGRAPH, "\n\n")
    text = _joined(_unescaped(text).replace("\u00a0", " ").replace(LESS, "<"))
    return MANY_LINES.sub("\n\n", AROUND_LINES.sub("\n", text)).strip()


class _Links:
    """Replaces the tags of a text, with the address of each link after its text."""

    def __init__(self) -> None:
        self._address = ""
        self._begin = 0  # of the text of the link

    def shown_tag(self, match: re.Match[str]) -> str:
        name = match[1].lower()
        if name not in {"a", "/a"}:
            return SHOWN.get(name, "")
        shown = self.end(match.string, match.start())
        if name == "a":
            self._address, self._begin = _address_in(match[0]), match.end()
        return shown

    def end(self, text: str, position: int | None = None) -> str:
        """Return the address of a link that ends here, unless that is its text."""
        address, self._address = self._address, ""
        shown = TAG.sub("", text[self._begin : position]).strip() if address else ""
        if shown == address:
            return ""
        return f" ({address})" if shown else address


def _address_in(tag: str) -> str:
    found = HREF.search(tag)
    address = "".join(filter(None, found.groups())) if found else ""
    return address if address.lower().startswith(SCHEMES) else ""


def _joined(text: str) -> str:
    """Return text without spaces that follow spaces, or precede a mark."""
    text = SPACES.sub(" ", text)
    return text.replace(f" {BLOCK}", BLOCK).replace(f" {PARAGRAPH}", PARAGRAPH)


def _strongest(match: re.Match[str]) -> str:
    return PARAGRAPH if PARAGRAPH in match[0] else BLOCK


def _without_comments(text: str) -> str:
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _without_hidden(text: str) -> str:
    """Return HTML without the elements whose content is not shown."""
    lower = text.lower()
    if not any(f"<{name}" in lower for name in ("script", "style", "title")):
        return text
    first, *others = HIDDEN.split(text)
    ends = (HIDDEN_END.search(other) for other in others)
    shown = (
        other[end.end() :] if end else ""
        for other, end in zip(others, ends, strict=True)
    )
    return first + "".join(shown)


def _with_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "<br>")


def _unescaped(text: str) -> str:
    with suppress(ValueError):  # a reference with thousands of digits
        return html.unescape(text)
    return text
