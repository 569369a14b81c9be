"""Notes as HTML: CommonMark without raw HTML and without images.

Two walls. The parser writes only the tags below and links only to the web and to mail;
then nh3 takes away whatever is not on the list, should the first have a hole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

TAGS = {
    *("a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6"),
    *("hr", "li", "ol", "p", "pre", "s", "strong", "ul"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
LINKED = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
# An address within a text: what stands before its colon, and what goes on after it.
SCHEME = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)
SCHEME_LENGTH = 6  # with the character before it
ADDRESS = re.compile(r"://[^\s<>\"`]+")
SHIFT = 2  # the page has a heading, and one over the notes
# Some texts keep the parser busy for a second: thousands of `[`, quotes in quotes.
# 20,000 characters as people write them take some 5,000 steps.
STEPS_MAX = 6_000


class TooIntricate(Exception):
    """Reading the text as Markdown takes too many steps."""


def render(notes: str) -> SafeString:
    """Return the notes as HTML that is safe to put into a page.

    Headings begin at `h3`. An address of the web is a link without any signs around it,
    and an image becomes a link to it. A text that is far more intricate than its size
    explains is shown as it was written.
    """
    try:
        html = _parser().render(notes, {"steps": 0})
    except TooIntricate:
        html = _as_written(notes)
    return mark_safe(_cleaned(html))  # noqa: S308 - that is what this module is for


def _as_written(text: str) -> str:
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
    """Make a link of an address in the text, without the end of a sentence after it.

    The library's rule for it needs another package, and searches all the text before.
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
    """Match nothing, as a rule that is asked first at each step of the parser."""
    state.env["steps"] += 1
    if state.env["steps"] > STEPS_MAX:
        raise TooIntricate
    return False


def _link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    env["in_link"] = tokens[index].nesting == 1
    return self.renderToken(tokens, index, options, env)


def _image(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    """Return a link: a picture that loads would tell its server who reads this."""
    token = tokens[index]
    target = str(token.attrGet("src") or "")
    text = self.renderInlineAsText(token.children or [], options, env) or target
    if env.get("in_link"):
        return escape(text)
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def _heading(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any
) -> str:
    level = min(int(tokens[index].tag[1:]) + SHIFT, 6)
    return f"<h{level}>" if tokens[index].nesting == 1 else f"</h{level}>\n"
