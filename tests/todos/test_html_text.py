"""HTML of other programs as plain text."""

import time

import pytest

from todos.imports.html_text import MARKUP_MAX, plain_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\r\n  b\tc", "a b c"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p>a</p>\n<p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("<div><div><div>a</div></div></div>b", "a\nb"),
        ("a<br><br><br><br>b", "a\n\nb"),
        ("<ul><li>a</li><li>b</ul>c", "- a\n- b\nc"),
        ("<table><tr><td>a<td>b</tr><tr><td>c</table>", "a b\nc"),
        ("<h1>a</h1>b", "a\nb"),
        ("<b>a</b><i>b</i> <span style='x'>c</span>", "ab c"),
        ("a &amp; b &lt;br&gt; &eacute;&#233;&#xe9;&nbsp;x", "a & b <br> ééé x"),
        ("1 < 2, a<3 and <-- b", "1 < 2, a<3 and <-- b"),
        ("a <!-- <p>no</p> --> b", "a b"),
        ("a <!-- open", "a"),
        ("<style>p { }</style>a<script>if (1 < 2) x()</script>b", "ab"),
        ("<head><title>No</title></head><body>a</body>", "a"),
        ("<!DOCTYPE html><?xml version='1.0'?><html>a</html>", "a"),
        ("<o:p>a</o:p><font color=red>b</font>", "ab"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<a href='https://x.example/?a=1&amp;b'>x</a>", "x (https://x.example/?a=1&b)"),
        ("<a href=https://x.example>https://x.example</a>", "https://x.example"),
        ('<a class="b" href="mailto:a@x.y"><b>A</b> B</a>', "A B (mailto:a@x.y)"),
        ('<a href="https://x.example"><img src="y"></a>', "https://x.example"),
        ("<a href=http:x><div>y<br>z</div></a>", "y\nz\n(http:x)"),
        ("<a href=http:x>y<a href=http:z>", "y (http:x)http:z"),
        ("<a href=http:x><mark>y</mark></a>", "y (http:x)"),
        ("<a href=http:x>y", "y (http:x)"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a name="y">x</a>', "x"),
        ("a\x00\x01b\x02c", "abc"),
        ("&#1;&#0;x", "\ufffdx"),
        ("a <b", "a <b"),
        ("&#" + "9" * 5_000 + ";", "&#" + "9" * 5_000 + ";"),
    ],
)  # fmt: skip
def test_returns_the_text_of_html(markup, text):
    assert plain_text(markup) == (text, True)


def test_reads_only_the_beginning_of_long_html():
    assert plain_text("a" * MARKUP_MAX) == ("a" * MARKUP_MAX, True)
    assert plain_text("a" * MARKUP_MAX + "b") == ("a" * MARKUP_MAX, False)


@pytest.mark.parametrize(
    "unseen",
    [
        "<!-- {} -->",
        "<style>{}</style>",
        "<img src='data:image/png;base64,{}'>",
        '<div style="background: url(data:image/png;base64,{})">',
    ],
)
def test_what_is_never_shown_does_not_use_up_what_is_read(unseen):
    markup = unseen.format("A" * MARKUP_MAX) + "<p>a data:b</p>"

    assert plain_text(markup) == ("a data:b", True)


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<a href=http:x></a>", "<a ", "<!--", "<", "<b>", "<pre>a\n", "</", "&#"],
)
def test_the_time_is_bounded(piece):
    begin = time.process_time()

    plain_text(piece * (500_000 // len(piece)))

    assert time.process_time() - begin < 1
