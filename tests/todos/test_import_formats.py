"""What is the same for every format of imports."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import get_commands, load_command_class
from drf_spectacular.generators import SchemaGenerator

from tests.changes import caller_of
from tests.todos.files import LATER, import_for, stored
from todos import actions
from todos.imports.files import FileRefused, MappingRefused
from todos.imports.formats import FORMATS
from todos.models import Task

JSON = ["google-tasks", "microsoft-todo"]
DOCUMENT = (Path(settings.BASE_DIR) / "docs" / "exchange.md").read_text()


DATA = Path(__file__).parent.parent / "data"
# A file of each program with everything that the format can hold.
EXPORTS = {name: (DATA / f"{name}.json").read_bytes() for name in JSON}


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


@pytest.mark.parametrize("name", EXPORTS)
def test_a_dry_run_gives_the_same_report_and_stores_nothing(alice, name):
    before = stored(alice)
    dry = import_for(alice, EXPORTS[name], name, dry_run=True)
    assert stored(alice) == before

    real = import_for(alice, EXPORTS[name], name)

    assert dry.created == real.created > 0
    assert (dry.notices, dry.errors) == (real.notices, real.errors)
    assert real.notices


@pytest.mark.parametrize("name", EXPORTS)
def test_importing_twice_has_no_further_effect(alice, name):
    import_for(alice, EXPORTS[name], name)
    before = stored(alice)

    again = import_for(alice, EXPORTS[name], name)

    assert (again.created, again.batch) == (0, None)
    assert again.skipped == Task.objects.filter(owner=alice).count()
    assert stored(alice) == before


@pytest.mark.parametrize("name", EXPORTS)
def test_an_import_can_be_undone(alice, name):
    report = import_for(alice, EXPORTS[name], name)

    actions.undo(caller_of(alice, LATER), batch_id=report.batch)

    assert not Task.objects.filter(owner=alice, trashed_at=None).exists()


@pytest.mark.parametrize("name", EXPORTS)
def test_two_accounts_can_import_the_same_file(alice, bob, name):
    first = import_for(alice, EXPORTS[name], name)

    assert import_for(bob, EXPORTS[name], name).created == first.created


@pytest.mark.parametrize("name", JSON)
def test_a_format_with_fixed_names_refuses_a_mapping(alice, name):
    with pytest.raises(MappingRefused):
        import_for(alice, EXPORTS[name], name, mapping={"title": "a"})


@pytest.mark.parametrize("name", JSON)
def test_a_file_that_is_cut_anywhere_is_refused(alice, name):
    body = EXPORTS[name].rstrip()
    for end in range(0, len(body), 101):
        with pytest.raises(FileRefused):
            import_for(alice, body[:end], name, dry_run=True)


@pytest.mark.parametrize("chosen", JSON)
@pytest.mark.parametrize("name", JSON)
def test_a_file_of_another_program_is_refused(alice, name, chosen):
    if name != chosen:
        with pytest.raises(FileRefused):
            import_for(alice, EXPORTS[name], chosen, dry_run=True)


@pytest.mark.parametrize("name", JSON)
def test_the_api_imports_it_and_refuses_a_damaged_file(api_as, alice, name):
    client = api_as(alice)

    def send(body):
        file = SimpleUploadedFile("export", body)
        form = {"file": file, "format": name}
        return client.post("/api/v1/import", form, format="multipart")

    assert send(EXPORTS[name]).status_code == 200
    assert send(EXPORTS[name][:-40]).status_code == 400
    surrogate = EXPORTS[name].replace(b'"id"', b'"id\\ud800"')
    assert send(surrogate).status_code == 200
