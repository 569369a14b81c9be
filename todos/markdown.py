"""Notes as HTML: CommonMark without raw HTML and without images.

There are two layers of protection. The parser produces only the tags below, and links
only to web and mail addresses; then nh3 removes everything else, in case the parser has
a flaw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

TAGS = {
    *("a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6"),
    *("hr", "li", "ol", "p", "pre", "s", "strong", "ul"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
LINKED = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
# An address in a text: the end of the text before its colon, and what follows it.
SCHEME = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)
SCHEME_LENGTH = 6  # with the character before it
ADDRESS = re.compile(r"://[^\s<>\"`]+")
SHIFT = 2  # levels of headings: the page and the notes have a heading each
# Some texts, such as thousands of `[` or nested quotes, occupy the parser for a second.
# 20,000 characters of ordinary text take about 5,000 steps.
STEPS_MAX = 6_000


# What `plain_start` removes. Each of them takes linear time in a short text.
LINE_MARKS = re.compile(
    r"^(?:[#>]+ |[-*+] (?:\[[ xX]\] )?|\d{1,3}[.)] |(?:[-*_]{3,}|`{3,}\w*)$)"
)
INLINE_MARKS = re.compile(r"\*+|~~|`+|(?<!\w)_+|_+(?!\w)")
LINK = re.compile(r"!?\[([^][]*)\]\([^()\s]*\)")


class TooComplex(Exception):
    """Reading the text as Markdown takes too many steps."""


def render(notes: str) -> SafeString:
    """Return the notes as HTML that is safe to include in a page.

    Headings begin at `h3`. A bare web address becomes a link, and so does an image. A
    text that takes the parser too many steps is shown as plain text.
    """
    try:
        html = _parser().render(notes, {"steps": 0})
    except TooComplex:
        html = _plain(notes)
    return mark_safe(_cleaned(html))  # noqa: S308 - the result is sanitised


def _plain(text: str) -> str:
    paragraphs = re.split(r"\n{2,}", escape(text).strip())
    shown = (paragraph.replace("\n", "<br>\n") for paragraph in paragraphs)
    return "\n".join(f"<p>{paragraph}</p>" for paragraph in shown)


def _cleaned(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow ugc",
    )


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - named by the library
        return LINKED.match(url) is not None


@cache
def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable("strikethrough")
    parser.inline.ruler.after("text", "address", _address)
    parser.inline.ruler.before("text", "steps", _count_inline)
    parser.block.ruler.before(
        "code",
        "steps",
        _count_block,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},
    )
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("link_close", _link)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    return parser


def _address(state: StateInline, silent: bool) -> bool:
    """Turn an address in the text into a link, without punctuation after it.

    The library's own rule needs another package, and searches all the text before it.
    """
    if state.src[state.pos] != ":" or state.linkLevel > 0:
        return False
    scheme = SCHEME.search(state.pending[-SCHEME_LENGTH:])
    if scheme is None:
        return False
    rest = ADDRESS.match(state.src, state.pos, state.posMax)
    after = _without_end(rest[0]) if rest else ""
    if not ADDRESS.fullmatch(after):
        return False
    if not silent:
        url = scheme[1] + after
        state.pending = state.pending[: -len(scheme[1])]
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(url)}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(after)
    return True


def _without_end(address: str) -> str:
    shown = address.rstrip(".,;:!?'*_~")
    if shown.endswith(")") and "(" not in shown:
        shown = shown.rstrip(").,;:!?'*_~")
    return shown


def _count_inline(state: StateInline, silent: bool) -> bool:
    return _count(state)


def _count_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    return _count(state)


def _count(state: StateInline | StateBlock) -> bool:
    """Count a step of the parser: as the first rule, it runs at each one."""
    state.env["steps"] += 1
    if state.env["steps"] > STEPS_MAX:
        raise TooComplex
    return False


def _link(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    env["in_link"] = tokens[index].nesting == 1
    return self.renderToken(tokens, index, options, env)


def _image(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    """Return a link: loading an image would disclose the reader to its server."""
    token = tokens[index]
    target = str(token.attrGet("src") or "")
    text = self.renderInlineAsText(token.children or [], options, env) or target
    if env.get("in_link"):
        return escape(text)
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def _heading(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    level = min(int(tokens[index].tag[1:]) + SHIFT, 6)
    return f"<h{level}>" if tokens[index].nesting == 1 else f"</h{level}>\n"


def plain_start(notes: str) -> str:
    """Return the beginning of Markdown without its most common marks, on one line.

    For short texts: it removes the marks of headings, lists, quotes, emphasis, code and
    links without parsing, so a mark that is part of the text can be lost.
    """
    lines = (LINE_MARKS.sub("", line.strip()) for line in notes.splitlines())
    text = " ".join(line for line in lines if line)
    return INLINE_MARKS.sub("", LINK.sub(r"\1", text))
