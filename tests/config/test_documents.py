"""The documents say what the code says: names, columns, routes, versions, links."""

import ast
import io
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from openapi_spec_validator import OpenAPIV31SpecValidator

from config import dotenv

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("config", "accounts", "todos")
MARKDOWN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DOCUMENTS = [*MARKDOWN, *ROOT.glob("docs/*.svg"), ROOT / ".env.example"]
# Django's own, which our entry points set for themselves.
NOT_OURS = {"DJANGO_SETTINGS_MODULE"}
REQUIRED = {"SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"}

MODELS = [*apps.get_app_config("accounts").get_models()] + [
    *apps.get_app_config("todos").get_models()
]


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def syntax_trees():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


# --- Environment variables ----------------------------------------------------


def environment_variables():
    """Every variable that the code reads, with the syntax of its default if any."""
    found = {}
    for _, tree in syntax_trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _reads_environment(node.func):
                name, *_ = node.args
                default = [
                    word.value for word in node.keywords if word.arg == "default"
                ]
                # Else an option names it, or markdown-it's `env` is asked.
                if isinstance(name, ast.Constant) and name.value.isupper():
                    found[name.value] = default[0] if default else None
            elif (
                isinstance(node, ast.Subscript)
                and _is_environ(node.value)
                and isinstance(node.slice, ast.Constant)  # else a function names it
            ):
                found.setdefault(node.slice.value, None)
    return {name: found[name] for name in found.keys() - NOT_OURS}


def _reads_environment(function):
    """Tell `env(…)`, `env.bool(…)` and `os.environ.get(…)` from other calls."""
    if isinstance(function, ast.Name):
        return function.id == "env"
    if not isinstance(function, ast.Attribute):
        return False
    if isinstance(function.value, ast.Name) and function.value.id == "env":
        return function.attr not in {"read_env", "email_url"}
    return _is_environ(function.value)


def _is_environ(node):
    return ast.unparse(node) == "os.environ"


def table_of(name, heading):
    """The rows of the first table under a heading, as lists of cells."""
    _, _, section = text_of(name).partition(f"\n## {heading}\n")
    assert section, f"{name} has no heading {heading}"
    section = re.split(r"\n## ", section)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_code_reads_the_variables_that_this_test_finds():
    found = environment_variables()

    assert {"SECRET_KEY", "DATABASE_URL", "HOST", "WORKERS", "OWNLIST_ENV_FILE"} <= (
        found.keys()
    )
    assert len(found) > 25


def test_the_table_lists_every_variable():
    rows = table_of(CONFIGURATION, "Variables")[2:]

    assert {row[0].strip("`") for row in rows} == environment_variables().keys()
    assert all(all(row) for row in rows)


def test_the_readme_shows_settings_that_exist():
    rows = table_of("README.md", "Configure it")[2:]

    shown = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row[0])}

    assert {"BASE_URL", "DATABASE_URL", "EMAIL_URL"} <= shown
    assert shown - environment_variables().keys() == set()


def test_the_table_names_the_true_defaults():
    defaults = {
        name: default.value
        for name, default in environment_variables().items()
        if isinstance(default, ast.Constant) and default.value
    }

    rows = {row[0].strip("`"): row[2] for row in table_of(CONFIGURATION, "Variables")}

    assert defaults["DEFAULT_FROM_EMAIL"]
    assert {name: rows[name] for name in defaults} == {
        name: f"`{default}`" for name, default in defaults.items()
    }


CONFIGURATION = "docs/configuration.md"


def test_the_example_file_holds_every_variable_with_a_comment():
    variable = re.compile(r"^(# )?([A-Z][A-Z_]+)=(.*)$")

    optional, required, orphans = set(), set(), []
    above = ""
    for line in text_of(".env.example").splitlines():
        if match := variable.match(line):
            (optional if match[1] else required).add(match[2])
            orphans += [] if above.startswith("#") else [match[2]]
        above = line

    assert orphans == []
    assert required == REQUIRED
    assert optional == environment_variables().keys() - REQUIRED


def test_the_example_file_starts_as_it_is(tmp_path):
    copy = tmp_path / ".env"
    copy.write_text(text_of(".env.example"), encoding="utf-8")
    dotenv.complete(copy)

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"OWNLIST_ENV_FILE": str(copy), "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_configuration_page_names_every_check():
    ids = {
        word.value.value
        for path, tree in syntax_trees()
        if path.name == "checks.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "id"
    }

    rows = table_of(CONFIGURATION, "What stops the start")[2:]

    assert {row[0].strip("`") for row in rows} == ids


# --- Data model -----------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_the_data_model_lists_every_column(model):
    page = text_of("docs/data-model.md")
    _, _, section = page.partition(f"\n### `{model._meta.db_table}`\n")
    table = section.partition("| column |")[2].partition("\n\n")[0]

    columns = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert sorted(columns) == sorted(f.column for f in model._meta.local_fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_the_data_model_names_every_constraint_and_index(model):
    page = text_of("docs/data-model.md")

    names = [thing.name for thing in model._meta.constraints + model._meta.indexes]

    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_diagram_shows_every_table():
    diagram = text_of("docs/data-model.svg")

    tables = [model._meta.db_table for model in MODELS]

    assert [table for table in tables if f">{table}<" not in diagram] == []


# --- The API ------------------------------------------------------------------------


def test_the_openapi_document_is_made_without_warnings_and_is_the_committed_one():
    made = io.StringIO()

    call_command("spectacular", "--fail-on-warn", stdout=made)

    assert made.getvalue().strip() == text_of("docs/openapi.yaml").strip()


def test_the_service_answers_with_the_committed_openapi_document(api, db):
    response = api.get("/api/schema")

    assert response.content.decode() == text_of("docs/openapi.yaml")


def test_the_openapi_document_is_valid():
    document = yaml.safe_load(text_of("docs/openapi.yaml"))

    OpenAPIV31SpecValidator(document).validate()

    assert document["openapi"].startswith("3.1")


def test_the_api_page_lists_every_code_of_a_refusal():
    codes = set()
    for path, tree in syntax_trees():
        refuses = path.parent.name == "api" or path.name in {
            "errors.py",
            "refusals.py",
            "authentication.py",
            "middleware.py",
        }
        for node in ast.walk(tree):
            # Elsewhere, `code=` may be that of a form's error.
            if refuses or isinstance(node, ast.Assign):
                codes |= set(_code_in(node))

    listed = {row[0].strip("`") for row in table_of("docs/api.md", "Codes")}

    assert {"in_trash", "email_taken", "wrong_user", "internal_error"} <= codes
    assert codes - listed == set()


def _code_in(node):
    if isinstance(node, ast.Assign):
        names = {getattr(target, "id", "") for target in node.targets}
        value = node.value if names & {"code", "default_code"} else None
    elif isinstance(node, ast.keyword):
        value = node.value if node.arg == "code" else None
    else:
        value = None
    if isinstance(value, ast.Constant):
        yield value.value


def test_the_limits_page_has_the_true_rate_limits():
    rows = table_of("docs/limits.md", "Rate limits")[2:]

    listed = {row[0].strip("`"): (int(row[2]), int(row[3])) for row in rows}

    assert listed == settings.RATE_LIMITS


# --- Dependencies --------------------------------------------------------------------


def test_the_dependencies_page_lists_every_package_with_its_version():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]

    rows = [
        row
        for heading in ("At run time", "For development")
        for row in table_of("docs/dependencies.md", heading)[2:]
    ]

    assert sorted(f"{_bare(row[0])}=={row[1]}" for row in rows) == sorted(
        _bare(requirement) for requirement in wanted
    )
    assert all(all(row) for row in rows)


def test_the_dependencies_page_lists_the_packages_for_node():
    wanted = {}
    for path in settings.BASE_DIR.glob("tests/*/package.json"):
        wanted |= json.loads(path.read_text("utf-8"))["dependencies"]

    rows = table_of("docs/dependencies.md", "For Node.js")[2:]

    assert {row[0]: row[1] for row in rows} == wanted
    assert all(all(row) for row in rows)


def _bare(requirement):
    """Without the extras, which ask for other packages of the same version."""
    return re.sub(r"\[.*?\]", "", requirement)


# --- Troubleshooting ----------------------------------------------------------------


def quoted_messages():
    """The messages in the table rows of the page that are not another program's."""
    for line in text_of("docs/troubleshooting.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and len(cells) > 1:
            seen = cells[1] if cells[0].isdigit() else cells[0]
            for message, of in re.findall(r"`([^`]+)`(?: \(([^)]+)\))?", seen):
                if " " in message and of not in OTHER_PROGRAMS:
                    yield message


OTHER_PROGRAMS = {
    *("Django", "django-environ", "pip", "PostgreSQL", "Python"),
    *("REST framework", "SQLite"),
}


def texts_of_the_service():
    for _, tree in syntax_trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for path in [*ROOT.glob("templates/**/*.*"), ROOT / "Makefile"]:
        yield re.sub(r"<[^>]*>", "", path.read_text("utf-8"))
    yield text_of("tests/chromium.py")


def test_the_troubleshooting_page_quotes_messages_as_they_are():
    texts = "\n".join(texts_of_the_service())

    messages = list(quoted_messages())

    assert len(messages) > 60
    assert [
        message
        for message in messages
        if not all(part.strip() in texts for part in message.split("…"))
    ] == []


def test_the_examples_of_the_api_show_texts_as_they_are():
    texts = "\n".join(texts_of_the_service())

    shown = re.findall(r'"detail":"([^"]+)"', text_of("docs/api.md"))

    assert shown
    assert [text for text in shown if text not in texts] == []


# --- All documents -------------------------------------------------------------------


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(path):
    links = re.findall(r"\]\(([^)\s]+)\)", _without_code(path.read_text("utf-8")))

    broken = [link for link in links if not _is_good(path, link)]

    assert broken == []


def _without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _is_good(path, link):
    if re.match(r"[a-z]+:", link):
        return True
    name, _, anchor = link.partition("#")
    target = (path.parent / name) if name else path
    if not target.exists():
        return False
    return not anchor or anchor in _anchors(target.read_text("utf-8"))


def _anchors(text):
    for heading in re.findall(r"^#+ (.+)$", _without_code(text), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower())
        yield words.replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_place_of_one_machine(path):
    text = path.read_text("utf-8")

    assert re.findall(r"(?<![\w.])/(?:work|root|home|Users|tmp)/", text) == []
    assert str(ROOT) not in text


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_every_file_that_a_document_names_is_there(path):
    named = re.findall(
        r"`((?:accounts|config|deploy|docs|templates|tests|todos)/[\w./-]+)`",
        path.read_text("utf-8"),
    )

    assert [name for name in named if not (ROOT / name).exists()] == []
