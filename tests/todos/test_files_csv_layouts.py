"""CSV: headers that are not the first row, steps before their tasks, other formats."""

from pathlib import Path

import pytest

from tests.factories import TaskFactory
from tests.todos.files import exported, import_for, stored
from todos.imports.files import FileRefused, MappingRefused
from todos.models import Task

pytestmark = pytest.mark.any_database

TABLES = Path(__file__).parents[1] / "data" / "tables"


def titles_of(user):
    tasks = Task.objects.filter(owner=user).order_by("position")
    return list(tasks.values_list("title", flat=True))


def parents_of(user):
    tasks = Task.objects.filter(owner=user).order_by("position")
    return [(task.title, task.parent and task.parent.title) for task in tasks]


def notices_of(report):
    return [(one.row, one.field) for one in report.notices]


# --- The header ---------------------------------------------------------------------


def test_passes_over_the_lines_before_the_header(alice):
    body = (TABLES / "ticktick.csv").read_bytes()

    report = import_for(alice, body, "csv", mapping={"title": "Title"})

    assert (report.errors, titles_of(alice)) == ([], ["Child", "Parent"])
    assert report.notices[0].message == (
        "The header is row 4. The rows above it are not imported."
    )


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ("sep=;\n", 2),
        ("\n\n", 3),
        ("My tasks\nExported today, at noon\n\n", 4),
        ('"Several\nlines"\n', 2),
        ("Report;of;today\n", 2),
    ],
)
def test_finds_the_header_with_its_own_delimiter(alice, before, row):
    body = before + 'title;notes\na;"b; c"\n;\nd;\n'

    report = import_for(alice, body, "csv")

    assert titles_of(alice) == ["a", "d"]
    assert notices_of(report) == [(1, "")]
    assert f"header is row {row}." in report.notices[0].message


def test_counts_rows_from_the_beginning_of_the_file(alice):
    report = import_for(alice, "A\nB\ntitle,other,priority\na,,1\nb,,9\n", "csv")

    assert [(one.row, one.field) for one in report.errors] == [(5, "priority")]
    assert notices_of(report) == [(1, ""), (3, "other")]


def test_a_header_further_down_is_not_found(alice):
    with pytest.raises(MappingRefused, match="titles"):
        import_for(alice, "x\n" * 21 + "title\na\n", "csv")

    assert import_for(alice, "x\n" * 20 + "title\na\n", "csv").created == 1


def test_text_that_names_the_column_is_not_a_header(alice):
    body = "The title, as it is\ntitle,notes\na,b\n"

    import_for(alice, body, "csv")

    assert titles_of(alice) == ["a"]


def test_the_first_row_stays_the_header_if_it_can_be(alice):
    report = import_for(alice, "title\ntitle\nBuy milk; eggs\n", "csv")

    assert titles_of(alice) == ["title", "Buy milk; eggs"]
    assert report.notices == []


def test_spaces_in_titles_of_columns_are_compared_as_spaces(alice):
    mapping = {"title": "Task name"}

    import_for(alice, " task\u00a0 Name ,x\na,\n", "csv", mapping=mapping)

    assert titles_of(alice) == ["a"]


def test_a_missing_column_is_named_with_the_row_of_the_header(alice):
    mapping = {"title": "Name", "notes": "Text"}

    with pytest.raises(MappingRefused, match=r"notes: the header \(row 2\) must have"):
        import_for(alice, "x\nName\na\n", "csv", mapping=mapping)


@pytest.mark.parametrize("size", [100, 300_000])
def test_reads_lines_that_end_with_carriage_returns(alice, size):
    body = 'title,notes\ra,"x\ry"\rb,' + "c" * 100 + "\r" * (size // 100)

    report = import_for(alice, body, "csv")

    assert report.errors == []
    tasks = Task.objects.filter(owner=alice).order_by("position")
    assert [task.title for task in tasks] == ["a", "b"]
    assert tasks[0].notes == "x\ny"


# --- Steps before their tasks -------------------------------------------------------


def test_a_step_may_precede_its_task(alice):
    report = import_for(alice, (TABLES / "child-first.csv").read_bytes(), "csv")

    assert (report.errors, report.notices) == ([], [])
    assert sorted(parents_of(alice)) == [("Child", "Parent"), ("Parent", None)]


def test_a_step_of_a_task_with_an_error_is_told_so(alice):
    body = "id,title,due_date,parent\n1,a,31.02.2027,\n2,b,,1\n"

    report = import_for(alice, body.encode(), "csv")

    task, step = report.errors
    assert (task.row, task.field, step.row, step.field) == (2, "due_date", 3, "parent")
    assert step.message.startswith("Its task has an error")


def test_importing_again_finds_steps_before_their_task(alice):
    body = (TABLES / "child-first.csv").read_bytes()
    import_for(alice, body, "csv")
    before = stored(alice)

    report = import_for(alice, body, "csv")

    assert (report.created, report.skipped) == (0, 2)
    assert stored(alice) == before


def test_steps_of_steps_become_steps_of_the_task_with_a_notice(alice):
    body = "id,parent,title\nc,b,Third\nb,a,Second\na,,First\n"

    report = import_for(alice, body, "csv")

    assert sorted(parents_of(alice)) == [
        ("First", None),
        ("Second", "First"),
        ("Third", "First"),
    ]
    assert notices_of(report) == [(2, "parent")]


def test_a_task_of_the_account_may_be_the_parent(alice):
    parent = TaskFactory(owner=alice, title="Here")

    report = import_for(alice, f"title,parent\na,{parent.pk}\n", "csv")

    assert report.errors == []
    assert ("a", "Here") in parents_of(alice)


@pytest.mark.parametrize(
    "body",
    [
        "id,parent,title\na,x,First\n",
        "id,parent,title\na,a,First\n",
        "id,parent,title\na,b,First\nb,a,Second\n",
        "id,parent,title\nc,b,Third\nb,a,Second\na,c,First\n",
    ],
    ids=["unknown", "itself", "circle", "circle of three"],
)
def test_refuses_the_row_of_a_parent_that_is_not_there(alice, body):
    before = stored(alice)

    report = import_for(alice, body, "csv")

    assert {one.field for one in report.errors} == {"parent"}
    assert stored(alice) == before


def test_a_step_in_the_list_of_another_name_goes_to_the_list_of_its_task(alice):
    body = "id,parent,title,list\nb,a,Step,Work\nc,a,Other,\na,,Task,Home\n"

    report = import_for(alice, body, "csv")

    assert notices_of(report) == [(2, "parent")]
    lists = Task.objects.filter(owner=alice).values_list("list__name", flat=True)
    assert set(lists) == {"Home"}


def test_an_export_in_reverse_order_is_the_same(alice, bob):
    parent = TaskFactory(owner=alice, title="Task")
    TaskFactory(owner=alice, title="Step", parent_id=parent.pk)
    header, *rows = exported(alice, "csv").decode().splitlines()

    report = import_for(bob, "\n".join([header, *reversed(rows)]), "csv")

    assert (report.errors, report.notices) == ([], [])
    assert sorted(parents_of(bob)) == [("Step", "Task"), ("Task", None)]


# --- Rules --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=MO;",
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "FREQ=WEEKLY; BYDAY=MO,",
        ";freq=weekly;byday=mo;;",
        "FREQ=WEEKLY;BYDAY=MO;COUNT=",
        "FREQ=WEEKLY;\u00a0BYDAY=MO",
    ],
)
def test_reads_rules_with_stray_separators(alice, rule):
    report = import_for(
        alice, f'title\tdue_date\trrule\na\t2027-02-01\t"{rule}"\n', "csv"
    )

    assert report.errors == []
    assert Task.objects.get(owner=alice).rrule == "FREQ=WEEKLY;BYDAY=MO"


@pytest.mark.parametrize(
    "rule", ["FREQ=HOURLY;", ";", "every monday", "FREQ=WEEKLY;X=1"]
)
def test_refuses_the_row_of_a_rule_that_is_not_supported(alice, rule):
    report = import_for(alice, f'title,due_date,rrule\na,2027-02-01,"{rule}"\n', "csv")

    assert [one.row for one in report.errors] == [2]
    assert not Task.objects.exists()


# --- Other formats ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"format":"ownlist"}', "JSON"),
        ('\n [{"title": "a"}]', "JSON"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\n", "Choose the format ics"),
        ("<!DOCTYPE html><title>Sign in</title>", "a web page"),
        ("TYPE,CONTENT\ntask,a\n", "Choose the format todoist"),
        ("", "empty"),
        (" \n \n", "empty"),
    ],
    ids=range(7),
)
def test_names_the_format_of_another_file(alice, body, words):
    with pytest.raises(FileRefused, match=words):
        import_for(alice, body, "csv")


@pytest.mark.parametrize("name", ["json", "ics", "todoist"])
def test_a_table_is_not_another_format(alice, name):
    with pytest.raises(FileRefused):
        import_for(alice, "title\na\n", name)
    assert not Task.objects.exists()


def test_names_the_row_after_which_a_quote_is_open(alice):
    with pytest.raises(FileRefused, match="After row 2, quotes don't match"):
        import_for(alice, 'title,notes\na,b\nc,"d\ne,f\n', "csv")
    assert not Task.objects.exists()


# --- Line ends ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "title,notes\rA,b\nC,d\n",
        "title,no\rtes\nA,b\nC,d\n",
        "title,notes\r\nA,b\rC,d\r\n",
        "title,notes\nA,b\r\r\nC,d\n",
    ],
)
def test_a_carriage_return_ends_a_line_too(alice, body):
    import_for(alice, body, "csv", skip_errors=True)

    assert set(titles_of(alice)) >= {"C"}


def test_a_carriage_return_in_quotes_is_a_line_end_of_the_text(alice):
    report = import_for(alice, 'title,notes\nA,"b\rc\r\nd"\n', "csv")

    assert report.errors == []
    assert Task.objects.get(owner=alice).notes == "b\nc\nd"


@pytest.mark.parametrize("name", ["csv", "todoist", "ticktick"])
@pytest.mark.parametrize(
    "header",
    [
        "title,ti\rtle",
        "TYPE,CONTENT,A\rB",
        "List Name,Title,Status,A\rB",
        '"title,\r"x',
    ],
)
def test_a_header_with_a_carriage_return_is_never_a_server_error(alice, name, header):
    try:
        import_for(alice, f"{header}\ntask,a,0,b\n", name)
    except FileRefused as refusal:
        assert str(refusal)


def test_a_header_with_a_cell_that_is_too_long_is_refused(alice):
    with pytest.raises(FileRefused, match="After row 0"):
        import_for(alice, f"title,{'a' * 140_000}\nb,c\n", "csv")


def test_a_line_before_the_header_with_open_quotes_is_passed_over(alice):
    import_for(alice, 'Tasks "of\r" \ntitle\nA\n', "csv")

    assert titles_of(alice) == ["A"]


@pytest.mark.parametrize("title", ["b\nc", "b\r\nc", "b \n\n c\n", "b\rc"])
def test_line_ends_in_a_title_become_spaces(alice, title):
    report = import_for(alice, f'title\nA\n"{title}"\n', "csv")

    assert (report.errors, titles_of(alice)) == ([], ["A", "b c"])
    assert notices_of(report) == [(3, "title")]
