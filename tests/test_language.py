"""Documents, texts and names use the words of docs/glossary.md, in short sentences."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
GLOSSARY = ROOT / "docs" / "glossary.md"
MARKDOWN = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("tests/*/README.md"),
]
DRAWINGS = [*ROOT.glob("docs/*.svg")]
TEMPLATES = [
    path for path in ROOT.glob("templates/**/*") if path.suffix in {".html", ".txt"}
]
SOURCES = [
    path
    for package in ("accounts", "config", "todos")
    for path in ROOT.glob(f"{package}/**/*.py")
    if "migrations" not in path.parts
]
MIGRATIONS = [*ROOT.glob("*/migrations/*.py")]
TESTS = [
    path for path in ROOT.glob("tests/**/*.py") if "node_modules" not in path.parts
]
SCRIPTS = [
    path
    for pattern in (
        "Makefile",
        "*.toml",
        ".ci/*",
        ".github/**/*.yml",
        "docs/examples/*/*.*s",
        "static/*/*.*s",
        "tests/better_auth_server/*.mjs",
    )
    for path in ROOT.glob(pattern)
]
WORDS_MAX = 40

FINE_AFTER_NO = "error|fault|less|longer|more|need|other|proof|reason|such"

# What must not be written, and what to write instead. docs/glossary.md explains it.
INSTEAD = {
    r"persons?|people|somebody": "user, owner, visitor or operator",
    # The reader of a mail can't know whether a stranger caused it.
    r"someone(?!, hopefully you| else may)": "user, owner, visitor or operator",
    r"doors?": "authentication class",
    r"walls?(?![ -]clock)": "isolation guarantee",
    r"faces?": "interface, page or endpoint",
    r"outside (?:issuer|server|sign-in|token|user)s?": "external issuer",
    r"reckon(?:s|ed|ing)?": "compute",
    r"heed(?:s|ed|ing)?|unheeded": "honour or apply",
    r"wants": "requires, must be",
    r"stands?|stood": "is, is written",
    r"mends|mended": "fix",
    r"anew": "again",
    r"manieth": "ordinal",
    r"in the way(?! (?:in which|that|to))": "conflicts with",
    r"quarter of an hour": "15 minutes",
    r"(?:a |repeat|series) ?goes on with": "next occurrence",
    r"of old": "old",
    r"of the house|moving house": "of the service, moving users",
    r"turns? it (?:a)?round": "reverse",
    r"who asks": "the caller",
    r"hitherto|lest|nought|naught|shall|thence|whence|whilst": "today's English",
    rf"(?<!here )(?:is|are) no (?!(?:{FINE_AFTER_NO})\b|\d)\w+": "is not a …",
}
FORBIDDEN = {
    re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE): word
    for pattern, word in INSTEAD.items()
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def findings_in(texts: Iterable[str]) -> list[str]:
    lines = [" ".join(text.split()) for text in texts]
    return [
        f"{found[0]!r} in {line[:120]!r}: write {instead}"
        for line in lines
        for pattern, instead in FORBIDDEN.items()
        if (found := pattern.search(line))
    ]


# --- The prose in each kind of file ------------------------------------------


def markdown_blocks(text: str) -> Iterator[str]:
    """Yield paragraphs, list items, headings and table cells, without code."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        is_row = line.startswith("|")
        begins_item = re.match(r"\s*(?:[-*]|\d+\.|#+) ", line)
        if block and (is_row or begins_item or not line.strip()):
            yield _without_markup(" ".join(block))
            block = []
        if is_row:
            yield from map(_without_markup, line.strip("|").split(" | "))
        elif line.strip():
            block.append(
                re.sub(r"^\s*(?:[-*]|\d+\.|#+) +(?:\[.\] )?", "", line).strip()
            )


def _without_markup(text: str) -> str:
    text = re.sub(r"`[^`]*`", "Code", text)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)


def document_blocks(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    if path.suffix == ".svg":
        yield from re.findall(r"<(?:desc|text|title)\b[^>]*>([^<]*)", text)
        return
    if path == GLOSSARY:  # its last column is made of the words not to use
        text = re.sub(r"^\|(.*) \|[^|]*\|$", r"|\1 |", text, flags=re.MULTILINE)
    yield from markdown_blocks(text)


def openapi_texts() -> Iterator[str]:
    waiting = [yaml.safe_load((ROOT / "docs/openapi.yaml").read_text("utf-8"))]
    while waiting:
        match waiting.pop():
            case dict() as one:
                waiting += one.values()
            case list() as several:
                waiting += several
            case str() as text if " " in text:
                yield _without_markup(text)


def template_texts(path: Path) -> Iterator[str]:
    """Yield what a reader sees: text, attributes with text, words given to a tag."""
    text = path.read_text("utf-8")
    text = re.sub(
        r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", text, flags=re.DOTALL
    )
    for tag in re.findall(r"{%.*?%}", text, re.DOTALL):
        yield from re.findall(r'"([^"]* [^"]*)"', tag)
    text = re.sub(r"{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
    yield from re.findall(r'(?:alt|aria-label|placeholder|title)="([^"]+)"', text)
    yield re.sub(r"<[^>]*>", " ", text)


def comments(source: str) -> Iterator[str]:
    """Yield comments, those on lines that follow each other as one."""
    block, last = "", 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                yield block
                block = ""
            block += token.string.lstrip("#")
            last = token.start[0]
    yield block


def script_comments(path: Path) -> Iterator[str]:
    """Yield the comments of a script, a style sheet or a configuration file."""
    text = path.read_text("utf-8")
    if path.suffix in {".css", ".js", ".mjs", ".ts"}:
        yield from re.findall(r"/\*.*?\*/", text, re.DOTALL)
        lines = r"(?:^|(?<=\s))// .*(?:\n\s*// .*)*"
    else:
        lines = r"(?:^|(?<=\s))# .*(?:\n\s*# .*)*"
    for block in re.findall(lines, text, re.MULTILINE):
        yield re.sub(r"\n\s*(?://|#)", "", block)


def source_texts(path: Path) -> Iterator[str]:
    """Yield docstrings, comments, texts of at least two words, and names as words."""
    source = path.read_text("utf-8")
    yield from comments_and_names(path.stem, source)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if " " in text:
                yield re.sub(r"`[^`]*`", "Code", text)


def texts_besides_data(path: Path) -> Iterator[str]:
    """Yield docstrings, comments, ids of cases, and names as words.

    Other texts are data: what a test uses, or the texts of models at the time of a
    migration, which must stay as they were.
    """
    source = path.read_text("utf-8")
    yield from comments_and_names(path.stem, source)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef():
                yield re.sub(r"`[^`]*`", "Code", ast.get_docstring(node) or "")
            case ast.keyword(arg="id", value=ast.Constant(value=str(text))):
                yield text


def comments_and_names(module: str, source: str) -> Iterator[str]:
    for comment in comments(source):
        yield re.sub(r"`[^`]*`", "Code", comment)
    names = {module}
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                names.add(name)
    for name in sorted(names):
        yield re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name)


# --- The tests --------------------------------------------------------------------


@pytest.mark.parametrize("path", [*MARKDOWN, *DRAWINGS], ids=name_of)
def test_a_document_uses_the_words_of_the_glossary(path):
    assert findings_in(document_blocks(path)) == []


@pytest.mark.parametrize("path", MARKDOWN, ids=name_of)
def test_no_sentence_of_a_document_is_too_long(path):
    too_long = [
        sentence
        for block in document_blocks(path)
        for sentence in re.split(r"(?<=[.!?])[\"”)*]*\s+(?=[^a-z])", block)
        if len(re.findall(r"[\w'’./-]*\w[\w'’./-]*", sentence)) > WORDS_MAX
    ]

    assert too_long == []


def test_the_openapi_document_uses_the_words_of_the_glossary():
    assert findings_in(openapi_texts()) == []


def test_templates_and_code_use_the_words_of_the_glossary():
    readers = [(path, template_texts) for path in TEMPLATES]
    readers += [(path, source_texts) for path in SOURCES]
    readers += [(path, texts_besides_data) for path in [*TESTS, *MIGRATIONS]]
    readers += [(path, script_comments) for path in SCRIPTS]

    found = {name_of(path): findings_in(texts(path)) for path, texts in readers}

    assert {name: findings for name, findings in found.items() if findings} == {}


def test_the_words_that_the_glossary_warns_of_are_forbidden():
    rows = re.findall(r"^\|.*\| ([^|]+) \|$", GLOSSARY.read_text("utf-8"), re.MULTILINE)

    warned = [word for cell in rows[1:] for word in cell.split(", ")]
    words = [word for word in warned if word not in {"not", "---"}]

    assert {"person", "outside issuer", "reckon"} <= set(words)
    assert [word for word in words if not findings_in([word])] == []


def test_wording_that_is_fine_is_let_through():
    fine = ["a wall-clock date", "there is no such task", "it is no longer open"]
    fine += ["Someone, hopefully you, asked", "someone else may have asked"]

    assert findings_in(fine) == []
