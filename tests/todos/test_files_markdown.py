"""Markdown: a checklist that every Markdown reader shows correctly."""

from datetime import date, time

from markdown_it import MarkdownIt

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from tests.todos.files import a_full_account, exported
from todos import actions


def lines_of(user):
    return exported(user, "markdown").decode().splitlines()


def test_exports_lists_as_sections_and_tasks_as_check_boxes(alice):
    home = TaskListFactory(owner=alice, name="Home")
    parent = TaskFactory(
        owner=alice,
        title="Pay",
        list_id=home.pk,
        due_date=date(2027, 2, 28),
        due_time=time(9),
        due_tz="Europe/Berlin",
        rrule="FREQ=DAILY",
        start_date=date(2027, 2, 1),
        priority=1,
        labels=["b", "a"],
        notes="First\n\nSecond",
        at=NOON,
    )
    step = TaskFactory(owner=alice, title="Find it", parent_id=parent.pk, at=NOON)
    actions.complete_task(caller_of(alice, NOON), task_id=step.pk)

    assert lines_of(alice) == [
        "# Tasks",
        "",
        "## Inbox",
        "",
        "",
        "## Home",
        "",
        "- [ ] Pay (due 2027-02-28 09:00 Europe/Berlin, repeats FREQ=DAILY,"
        " starts 2027-02-01, p1, @a, @b)",
        "",
        "  First",
        "",
        "  Second",
        "",
        "  - [x] Find it (done 2026-11-22)",
    ]


def test_shows_the_date_of_completion_in_the_users_calendar(alice):
    alice.timezone = "Pacific/Kiritimati"
    alice.save()
    task = TaskFactory(owner=alice, title="a")
    actions.complete_task(caller_of(alice, NOON), task_id=task.pk)

    assert "- [x] a (done 2026-11-23)" in lines_of(alice)


def test_exports_open_tasks_before_completed_ones_without_the_trash(alice):
    done, trashed = TaskFactory(owner=alice, title="a"), TaskFactory(owner=alice)
    TaskFactory(owner=alice, title="b")
    caller = caller_of(alice, NOON)
    actions.complete_task(caller, task_id=done.pk)
    actions.trash_task(caller, task_id=trashed.pk)

    assert lines_of(alice)[4:] == ["- [ ] b", "- [x] a (done 2026-11-22)"]


def test_marks_archived_lists_and_omits_lists_in_the_trash(alice):
    caller = caller_of(alice, NOON)
    old, gone = (TaskListFactory(owner=alice, name=name) for name in ("Old", "Gone"))
    actions.update_list(caller, list_id=old.pk, changes={"archived_at": NOON})
    actions.trash_list(caller, list_id=gone.pk)

    headings = [line for line in lines_of(alice) if line.startswith("##")]

    assert headings == ["## Inbox", "## Old (archived)"]


def test_escapes_markdown_in_titles(alice):
    titles = [
        "**bold** _x_ `code` [link](http://example.com) <script>alert(1)</script>",
        "![image](x) ~~gone~~ # heading | a \\ b",
    ]
    for title in titles:
        TaskFactory(owner=alice, title=title)

    html = MarkdownIt("commonmark").render(exported(alice, "markdown").decode())

    for tag in ("<strong>", "<em>", "<code>", "<a ", "<script", "<img", "<h3"):
        assert tag not in html
    assert "alert(1)" in html


def test_indents_notes_below_their_task(alice):
    TaskFactory(owner=alice, title="a", notes="```\nnever closed\n# no heading")
    TaskFactory(owner=alice, title="b")

    tokens = MarkdownIt("commonmark").parse(exported(alice, "markdown").decode())

    assert [token.tag for token in tokens if token.type == "heading_open"] == [
        "h1",
        "h2",
    ]
    items = [token for token in tokens if token.type == "list_item_open"]
    assert len(items) == 2


def test_a_full_account_is_readable(alice):
    a_full_account(alice)

    tokens = MarkdownIt("commonmark").parse(exported(alice, "markdown").decode())

    headings = [
        tokens[at + 1].content
        for at, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    assert headings == ["Tasks", "Inbox", "Home", "Old (archived)"]
