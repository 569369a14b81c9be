"""HTML as plain text.

Every step reads the text once, from its beginning to its end, without going back: the
parsers of browsers, and that of Python, take far longer for some inputs. What is not
HTML remains text.
"""

from __future__ import annotations

import html
import re
from contextlib import suppress

TEXT_MAX = 100_000  # characters of the text that are returned

SIGN = re.compile(r"<(?!(?:/?[a-z]|[!?])[^<>]*>)", re.I)  # not of a tag
HIDDEN = re.compile(r"<(?:script|style|title)\b", re.I)
HIDDEN_END = re.compile(r"</(?:script|style|title)\b[^<>]*>", re.I)
PREFORMATTED = re.compile(r"(<pre\b[^<>]*>)([^<]+)", re.I)
SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
LINK = re.compile(r"<a\b([^<>]{6,})>([^<]*)</a\s*>", re.I)
HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
SCHEMES = ("http:", "https:", "mailto:", "tel:")

# Marks in the text while it is built. They are control characters, which are removed
# from the input first.
BLOCK, PARAGRAPH = "\1", "\2"
CONTROLS = re.compile("[\0-\x08\x0e-\x1f]")
BLOCKS = (
    "article|blockquote|body|dd|div|dl|dt|footer|h[1-6]|head|header|hr|html|main|ol"
)
BLOCKS += "|pre|section|table|tbody|tfoot|thead|tr|ul"
# Other tags show nothing of their own.
INLINE = re.compile(
    rf"</?(?!(?:a|br|li|p|t[dh]|{BLOCKS})\b)[a-z][^<>]*>|<[!?][^<>]*>", re.I
)
TAGS = [
    (re.compile(r"<br\b[^<>]*>", re.I), "\n"),
    (re.compile(r"<li\b[^<>]*>", re.I), f"{BLOCK}- "),
    (re.compile(r"</?p\b[^<>]*>", re.I), PARAGRAPH),
    (re.compile(rf"</?(?:li|{BLOCKS})\b[^<>]*>", re.I), BLOCK),
    (re.compile(r"</?(?:a|br|t[dh])\b[^<>]*>", re.I), " "),
]
SPACES = re.compile(" {2,}")
MARKS = re.compile(f" ?[{BLOCK}{PARAGRAPH}][ {BLOCK}{PARAGRAPH}]*")
# A block whose last line ends by itself adds no other line.
LAST_LINE = re.compile(f"\n ?{BLOCK}")
AROUND_LINES = re.compile(" ?\n ?")
MANY_LINES = re.compile(r"\n{3,}")


def plain_text(markup: str) -> str:
    """Return the text of HTML, with the addresses of links after their texts."""
    text = _without_hidden(_without_comments(CONTROLS.sub("", markup)))
    text = SIGN.sub("&lt;", text)
    text = PREFORMATTED.sub(lambda match: match[1] + _with_breaks(match[2]), text)
    text = INLINE.sub("", SPACE.sub(" ", text))
    text = LINK.sub(_shown_link, text)
    for pattern, replacement in TAGS:
        text = pattern.sub(replacement, text)
    text = MARKS.sub(_strongest, SPACES.sub(" ", text))
    text = LAST_LINE.sub("\n", text).replace(BLOCK, "\n").replace(PARAGRAPH, "\n\n")
    text = SPACES.sub(" ", _unescaped(text[:TEXT_MAX]).replace("\u00a0", " "))
    return MANY_LINES.sub("\n\n", AROUND_LINES.sub("\n", text)).strip()


def _strongest(match: re.Match[str]) -> str:
    return PARAGRAPH if PARAGRAPH in match[0] else BLOCK


def _without_comments(text: str) -> str:
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _without_hidden(text: str) -> str:
    """Return HTML without the elements whose content is not shown."""
    first, *others = HIDDEN.split(text)
    ends = (HIDDEN_END.search(other) for other in others)
    shown = (
        other[end.end() :] if end else ""
        for other, end in zip(others, ends, strict=True)
    )
    return first + "".join(shown)


def _with_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "<br>")


def _shown_link(match: re.Match[str]) -> str:
    """Return the text of a link, and its address unless that is the text."""
    found, shown = HREF.search(match[1]), match[2].strip()
    address = "".join(filter(None, found.groups())) if found else ""
    if not address.lower().startswith(SCHEMES) or shown == address:
        return match[2]
    return f"{shown} ({address})" if shown else address


def _unescaped(text: str) -> str:
    with suppress(ValueError):  # a reference with thousands of digits
        return html.unescape(text)
    return text
