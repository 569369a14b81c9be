"""Every format of imports is listed wherever users choose one."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from drf_spectacular.generators import SchemaGenerator

from todos.imports.formats import FORMATS

DOCUMENT = (Path(settings.BASE_DIR) / "docs" / "exchange.md").read_text()


@pytest.fixture(scope="module")
def choice():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return schema["components"]["schemas"]["ImportRequest"]["properties"]["format"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_api_describes_each_format(choice, name):
    line = f"* `{name}` - {FORMATS[name].description}"

    assert line in choice["description"].splitlines()


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_describes_each_format(name):
    command = load_command_class(get_commands()["import_tasks"], "import_tasks")
    text = command.create_parser("manage.py", "import_tasks").format_help()

    # Lines are broken at hyphens too.
    assert "".join(FORMATS[name].description.split()) in "".join(text.split())


@pytest.mark.parametrize("name", FORMATS)
def test_the_documents_describe_each_format(name):
    assert re.search(rf"^\| `{name}` \|", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_a_hint_is_a_sentence(one):
    assert one.hint.endswith(".")
    assert one.suffix.isalnum()
