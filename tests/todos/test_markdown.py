"""Notes as HTML: Markdown is rendered, and everything else is removed."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todos import markdown
from todos.limits import NOTES_MAX_LENGTH
from todos.markdown import ATTRIBUTES, STEPS_MAX, TAGS, render

REL = 'rel="noopener noreferrer nofollow ugc"'
ALLOWED = {
    name: {*ATTRIBUTES.get(name, ()), *(["rel"] * (name == "a"))} for name in TAGS
}


class Elements(HTMLParser):
    """Collect the elements of HTML as a browser's parser does."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.other = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_harmless(html, *, by_both=True):
    """Check every element, attribute and link against those that notes can have."""
    parsed = Elements(html)
    assert parsed.other == []
    for tag, attributes in parsed.found:
        assert tag in TAGS, html
        # The language of code, which the sanitiser removes.
        known = ALLOWED[tag] if by_both or tag != "code" else {"class"}
        assert attributes.keys() <= known, html
        link = attributes.get("href", "http://")
        assert link.lower().startswith(("http://", "https://", "mailto:")), html
        if tag == "a" and by_both:
            assert attributes["rel"] == "noopener noreferrer nofollow ugc"


# --- Markdown -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("notes", "html"),
    [
        ("", ""),
        ("Two\nlines", "<p>Two\nlines</p>\n"),
        ("*a* **b** ~~c~~ `d`", None),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. c", '<ol start="3">\n<li>c</li>\n</ol>\n'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>\n"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"),
        ("a  \nb", "<p>a<br>\nb</p>\n"),
        ("```python\nif a < b:\n```", "<pre><code>if a &lt; b:\n</code></pre>\n"),
        (
            "<https://a.example>",
            f'<p><a href="https://a.example" {REL}>https://a.example</a></p>\n',
        ),
        (
            "<me@a.example>",
            f'<p><a href="mailto:me@a.example" {REL}>me@a.example</a></p>\n',
        ),
    ],
    ids=lambda text: text[:12] if text else "empty",
)
def test_renders_markdown(notes, html):
    if html is None:
        html = "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>\n"

    assert render(notes) == html


def test_a_link_sends_no_referrer_and_is_marked_as_user_content():
    html = render('[here](https://a.example/x "A title")')

    assert html == (
        f'<p><a href="https://a.example/x" title="A title" {REL}>here</a></p>\n'
    )


@pytest.mark.parametrize(
    ("level", "shown"), [(1, 3), (2, 4), (3, 5), (4, 6), (5, 6), (6, 6)]
)
def test_headings_are_below_those_of_the_page(level, shown):
    assert render(f"{'#' * level} A") == f"<h{shown}>A</h{shown}>\n"


def test_an_image_becomes_a_link_to_it():
    html = render("![A *cat*](https://a.example/cat.png)")

    assert html == f'<p><a href="https://a.example/cat.png" {REL}>A cat</a></p>\n'


def test_an_image_without_text_shows_its_address():
    html = render("![](https://a.example/?a=1&b=2)")

    target = "https://a.example/?a=1&amp;b=2"
    assert html == f'<p><a href="{target}" {REL}>{target}</a></p>\n'


def test_an_image_in_a_link_leaves_the_link():
    html = render("[![A cat](https://a.example/cat.png)](https://b.example)")

    assert html == f'<p><a href="https://b.example" {REL}>A cat</a></p>\n'


@pytest.mark.parametrize(
    ("notes", "address", "rest"),
    [
        ("https://a.example", "https://a.example", ""),
        ("http://a.example/x?y=z#w", "http://a.example/x?y=z#w", ""),
        ("https://a.example.", "https://a.example", "."),
        ("https://a.example/x, and", "https://a.example/x", ", and"),
        ("https://a.example/x) and", "https://a.example/x", ") and"),
        ("https://a.example/x_(y)", "https://a.example/x_(y)", ""),
        ("https://a.example/a_b_c", "https://a.example/a_b_c", ""),
        ("HTTPS://A.example", "HTTPS://A.example", ""),
    ],
    ids=lambda text: text or "none",
)
def test_a_bare_address_becomes_a_link(notes, address, rest):
    html = render(notes)

    assert html == f'<p><a href="{address}" {REL}>{address}</a>{rest}</p>\n'


@pytest.mark.parametrize(
    "notes",
    [
        "https://",
        "https:// a",
        "xhttps://a.example",
        "a.example",
        "ftp://a.example",
        "javascript://a.example/%0aalert(1)",
        "`https://a.example`",
    ],
)
def test_does_not_link_other_text(notes):
    assert "<a" not in render(notes)


def test_an_address_in_the_text_of_a_link_stays_text():
    html = render("[https://a.example](https://b.example)")

    assert html == f'<p><a href="https://b.example" {REL}>https://a.example</a></p>\n'


# --- Attacks ------------------------------------------------------------------

VECTORS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<base href=https://evil.example>",
    "<form action=https://evil.example><input name=csrfmiddlewaretoken>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example>",
    "<object data=https://evil.example>",
    "<p style='position:fixed' onclick=alert(1) id=main class=card>x</p>",
    "</section></main><script>alert(1)</script>",
    "<!-- --><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://a.example/1)",
    "[x](//evil.example)",
    "[x](/accounts/logout/)",
    "[x](\\\\evil.example)",
    "[x](tasks/1)",
    "[x](?next=1)",
    "[x](#main)",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "[x](https://a.example'onmouseover='alert(1))",
    '[x](https://a.example"onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    '[x]: https://a.example "\\"onclick=alert(1)"\n\n[x]',
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "![x](https://evil.example/pixel.png)",
    '![" onerror="alert(1)](https://a.example/x.png)',
    "![<img src=x onerror=alert(1)>](https://a.example/x.png)",
    '![x](https://a.example/" onerror="alert(1))',
    "![x][y]\n\n[y]: https://evil.example/pixel.png",
    '```"><script>alert(1)</script>\nx\n```',
    '~~~"onload="alert(1)\nx\n~~~',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "# <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "- <script>alert(1)</script>",
    "*<b onmouseover=alert(1)>x*",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\u202e<script>alert(1)</script>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<<script>alert(1);//<</script>",
    "<xss id=x tabindex=1 onfocus=alert(1)></xss>",
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: ascii(vector)[1:40])
def test_attacks_become_text(vector):
    assert_harmless(render(vector))


PIECES = st.sampled_from(
    [
        *"[]()<>!\"'`*_~#&;:\\/-+=|\n\t .1a",
        "](",
        "![",
        "javascript:",
        "https://a.example",
        "<script>",
        "<img src=x onerror=alert(1)>",
        "</p>",
        "onclick=",
        "&#106;",
        "&lt;",
        "data:text/html,",
        "\x00",
        "\u2028",
        "```",
        "    ",
        "\n\n",
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES | st.characters(codec="utf-8"), max_size=60).map("".join))
def test_generated_notes_are_harmless(notes):
    assert_harmless(render(notes))


@settings(max_examples=100)
@given(st.lists(st.sampled_from(VECTORS), max_size=5).map("\n".join))
def test_combined_attacks_become_text(notes):
    assert_harmless(render(notes))


def test_the_parser_alone_is_safe(monkeypatch):
    monkeypatch.setattr(markdown, "_cleaned", lambda html: html)

    for vector in VECTORS:
        assert_harmless(render(vector), by_both=False)


def test_the_sanitiser_alone_is_safe(monkeypatch):
    raw = markdown._Parser("commonmark", {"html": True})
    raw.validateLink = lambda url: True
    monkeypatch.setattr(markdown, "_parser", lambda: raw)

    for vector in VECTORS:
        assert_harmless(render(vector))


# --- Complex texts ------------------------------------------------------------

BOMBS = {
    text: (text * NOTES_MAX_LENGTH)[:NOTES_MAX_LENGTH]
    for text in ["[", "![", ">", "> ", "*", "*a_", "**a *b ", "`a``b", "- ", "1. > "]
} | {
    "brackets, closed": "[" * 10_000 + "]" * 10_000,
    "quotes in quotes": ">" * 100 + "a\n" + "b\n" * 9_000,
    "lists in lists": "\n".join("  " * depth + "- a" for depth in range(140)),
    "many ends of code": "".join("`" * n + " " for n in range(1, 200)),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_limits_the_steps_of_complex_texts(bomb, monkeypatch):
    states = []
    count = markdown._count
    monkeypatch.setattr(
        markdown, "_count", lambda state: states.append(state) or count(state)
    )

    assert_harmless(render(bomb))

    assert len(states) <= STEPS_MAX + 1


def test_shows_a_text_that_is_too_complex_as_plain_text():
    notes = "![" * 5_000 + "<b>\n\ntwo\nlines"

    html = render(notes)

    assert html == f"<p>{'![' * 5_000}&lt;b&gt;</p>\n<p>two<br>\nlines</p>"


def test_renders_ordinary_notes_of_the_maximum_length():
    piece = "- **buy** milk at [the shop](https://a.example/shop)\n  - and bread\n\n"
    notes = (piece * 400)[:NOTES_MAX_LENGTH]

    assert "<strong>" in render(notes)
