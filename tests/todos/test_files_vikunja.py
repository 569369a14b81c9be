"""Vikunja: an export is imported, and what Ownlist can't hold is named."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, time

import pytest

from tests.changes import caller_of
from tests.tables import as_one_test
from tests.todos.files import LATER, import_for, stored
from todos import actions
from todos.imports import vikunja_projects
from todos.imports.files import FileRefused, MappingRefused, TooManyRows
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database

NO_DATE = "0001-01-01T00:00:00Z"
CREATED = "2026-10-01T09:00:00Z"
LABEL = {"id": 1, "title": "home", "hex_color": "", "created_by": None}
USER = {"id": 3, "name": "", "username": "kim", "created": CREATED}


def task(number=1, **members):
    """Return a task as Vikunja writes it."""
    return {
        "id": number,
        "title": f"Task {number}",
        "description": "",
        "done": False,
        "done_at": NO_DATE,
        "due_date": NO_DATE,
        "reminders": None,
        "project_id": 1,
        "repeat_after": 0,
        "repeat_mode": 0,
        "priority": 0,
        "start_date": NO_DATE,
        "end_date": NO_DATE,
        "assignees": None,
        "labels": None,
        "hex_color": "",
        "percent_done": 0,
        "identifier": f"#{number}",
        "index": number,
        "related_tasks": {},
        "attachments": None,
        "cover_image_attachment_id": 0,
        "is_favorite": False,
        "created": CREATED,
        "updated": CREATED,
        "bucket_id": 0,
        "position": 0.5,
        "reactions": None,
        "created_by": None,
        "comments": None,
    } | members


def project(*tasks, number=1, **members):
    return {
        "id": number,
        "title": "Inbox",
        "description": "",
        "identifier": "",
        "hex_color": "",
        "parent_project_id": 0,
        "owner": None,
        "is_archived": False,
        "background_information": None,
        "background_blur_hash": "",
        "is_favorite": False,
        "position": 65536.5,
        "views": [],
        "created": CREATED,
        "updated": CREATED,
        "child_projects": None,
        "tasks": list(tasks) or None,
        "buckets": None,
        "task_buckets": None,
        "positions": [{"task_id": 1, "project_view_id": 1, "position": 0.25}],
        "background_file_id": 0,
    } | members


def export(*projects):
    return json.dumps(list(projects))


def archive(**files):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name.replace("__", "/").replace("_json", ".json"), content)
    return body.getvalue()


@pytest.fixture
def berlin(alice):
    alice.timezone = "Europe/Berlin"
    alice.save()
    return alice


def import_task(user, **members):
    """Import one task; return the notices about it and the task."""
    report = import_for(user, export(project(task(**members))), "vikunja")
    assert report.errors == []
    notices = [issue.field for issue in report.notices if issue.row]
    return notices, Task.objects.filter(owner=user).order_by("position").first()


def labels_of(one):
    return sorted(one.labels.values_list("name", flat=True))


# --- A whole export


def test_imports_an_archive_with_everything(berlin):
    step = task(3, title="Order paint")
    body = archive(
        VERSION="v1.0.0",
        filters_json="null",
        files__7="picture",
        data_json=export(
            project(
                task(
                    2,
                    title="Paint the fence",
                    description="<p>Two <strong>coats</strong></p><ul>"
                    '<li data-checked="true"><p>sand</p></li>'
                    '<li data-checked="false"><p>paint</p></li></ul>',
                    due_date="2027-02-10T08:30:00Z",
                    start_date="2027-02-07T23:00:00Z",
                    end_date="2027-02-11T08:00:00Z",
                    reminders=[
                        {
                            "reminder": "2027-02-10T08:00:00Z",
                            "relative_period": -1800,
                            "relative_to": "due_date",
                        }
                    ],
                    repeat_after=7 * 86400,
                    repeat_mode=2,
                    priority=3,
                    assignees=[USER],
                    labels=[LABEL],
                    percent_done=0.5,
                    related_tasks={
                        "subtask": [step],
                        "blocking": [task(9, title="Sell the house")],
                    },
                    attachments=[{"id": 1, "file": {"id": 7, "name": "fence.jpg"}}],
                    is_favorite=True,
                    comments=[
                        {"id": 1, "comment": "<p>Blue!</p>", "author": USER}
                        | {"created": "2026-11-02T10:00:00Z"}
                    ],
                    reactions={"+1": [USER]},
                ),
                task(3, title="Order paint", done=True, done_at="2026-11-01T08:00:00Z"),
                title="House",
                number=2,
                parent_project_id=1,
                buckets=[{"id": 5, "title": "Doing"}, {"id": 6, "title": "To-Do"}],
                task_buckets=[
                    {"task_id": 2, "bucket_id": 5, "project_view_id": 4},
                    {"task_id": 3, "bucket_id": 6, "project_view_id": 4},
                ],
                views=[{"id": 4, "default_bucket_id": 6, "done_bucket_id": 7}],
            ),
            project(title="Private"),
        ),
    )

    report = import_for(berlin, body, "vikunja")

    assert report.errors == []
    fence, paint = Task.objects.filter(owner=berlin).order_by("position")
    assert (fence.title, fence.list.name) == ("Paint the fence", "Private/House")
    assert labels_of(fence) == ["Doing", "home"]
    assert (fence.due_date, fence.due_time, fence.due_tz) == (
        date(2027, 2, 10),
        time(9, 30),
        "",
    )
    assert (fence.start_date, fence.priority) == (date(2027, 2, 8), 2)
    assert (fence.rrule, fence.rrule_anchor) == (
        "FREQ=WEEKLY;INTERVAL=1",
        "completion",
    )
    assert fence.reminder_minutes == 30
    assert fence.created_at == datetime(2026, 10, 1, 9, tzinfo=UTC)
    assert fence.notes == (
        "Two coats\n\n- [x] sand\n- [ ] paint\n\n"
        "Percent done: 50%\n\nEnd date: 2027-02-11 09:00\n\nAssignees: kim\n\n"
        "Attachments: fence.jpg\n\nIs favorite: yes\n\n"
        "Related tasks: blocking: Sell the house\n\nkim, 2026-11-02: Blue!"
    )
    assert (paint.title, paint.parent_id) == ("Order paint", fence.pk)
    assert paint.completed_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert labels_of(paint) == []
    assert [(issue.row, issue.field) for issue in report.notices] == [
        (1, "buckets"),
        (1, "percent_done"),
        (1, "end_date"),
        (1, "assignees"),
        (1, "attachments"),
        (1, "is_favorite"),
        (1, "related_tasks"),
        (None, "due_date"),
        (None, "projects"),
        (None, "reactions"),
    ]


def test_imports_data_json_alone(alice):
    report = import_for(alice, export(project(task())), "vikunja")

    assert (report.created, report.errors, report.notices) == (1, [], [])


def test_the_order_of_members_does_not_matter(alice):
    inner = project(task(2), number=2, title="House", parent_project_id=1)
    outer = project(number=1, title="Private")
    body = json.dumps([inner, outer], sort_keys=True)

    import_for(alice, body, "vikunja")

    assert Task.objects.get().list.name == "Private/House"


# --- Dates


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2027-02-10T08:30:00Z", (date(2027, 2, 10), time(9, 30))),
        ("2027-02-10T09:30:00+01:00", (date(2027, 2, 10), time(9, 30))),
        ("2027-07-10T21:59:59Z", (date(2027, 7, 10), time(23, 59, 59))),
        ("2027-02-10T08:30:00.123456789Z", (date(2027, 2, 10), time(9, 30))),
        # Midnight of the user is a date, midnight in UTC is a time.
        ("2027-02-09T23:00:00Z", (date(2027, 2, 10), None)),
        ("2027-07-09T22:00:00Z", (date(2027, 7, 10), None)),
        ("2027-02-10T00:00:00+01:00", (date(2027, 2, 10), None)),
        ("2027-02-10T00:00:00Z", (date(2027, 2, 10), time(1))),
        ("2028-02-28T23:00:00Z", (date(2028, 2, 29), None)),
        # No date.
        (NO_DATE, (None, None)),
        ("0001-01-01T00:00:00+00:00", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_instants_are_read_in_the_zone_of_the_user(berlin, text, due):
    notices, one = import_task(berlin, due_date=text)

    assert (one.due_date, one.due_time, one.due_tz) == (*due, "")
    assert notices == []


def test_the_zone_of_the_dates_is_named(berlin):
    body = export(project(task(due_date="2027-02-10T08:30:00Z")))

    report = import_for(berlin, body, "vikunja")

    assert [issue.message for issue in report.notices] == [
        "Dates are read in your time zone, Europe/Berlin."
    ]


@pytest.mark.parametrize(
    "text",
    ["tomorrow", "2027-02-30T00:00:00Z", "2027-02-10", "2027-02-10T08:30:00"]
    + ["9999-12-31T23:59:59-12:00", "3000-01-02T00:00:00Z", "1899-12-31T00:00:00Z"],
)
@pytest.mark.parametrize("name", ["due_date", "start_date", "end_date", "created"])
def test_an_invalid_date_goes_into_the_notes(berlin, name, text):
    notices, one = import_task(berlin, **{name: text})

    assert (one.due_date, one.start_date) == (None, None)
    assert one.notes == f"{name.replace('_', ' ').capitalize()}: {text}"
    assert notices == [name]


@pytest.mark.parametrize(
    ("start", "due", "start_date", "noticed"),
    [
        ("2027-02-07T23:00:00Z", "2027-02-10T08:30:00Z", date(2027, 2, 8), []),
        ("2027-02-07T23:00:00Z", NO_DATE, date(2027, 2, 8), []),
        ("2027-02-08T09:00:00Z", NO_DATE, date(2027, 2, 8), ["start_date"]),
        ("2027-02-10T07:00:00Z", "2027-02-10T08:30:00Z", None, ["start_date"]),
        ("2027-02-10T08:30:00Z", "2027-02-10T08:30:00Z", None, []),
        ("2027-02-10T08:00:00Z", "2027-02-09T23:00:00Z", None, ["start_date"]),
        ("2027-02-12T08:30:00Z", "2027-02-10T08:30:00Z", None, ["start_date"]),
    ],
)
def test_a_start_is_a_date(berlin, start, due, start_date, noticed):
    notices, one = import_task(berlin, start_date=start, due_date=due)

    assert (one.start_date, notices) == (start_date, noticed)


@pytest.mark.parametrize("end", ["2027-02-10T08:30:00Z", NO_DATE, None])
def test_an_end_that_says_nothing_is_not_named(berlin, end):
    notices, one = import_task(berlin, due_date="2027-02-10T08:30:00Z", end_date=end)

    assert (notices, one.notes) == ([], "")


# --- Repeats and reminders


@pytest.mark.parametrize(
    ("members", "rule", "anchor"),
    [
        ({"repeat_after": 86400}, "FREQ=DAILY;INTERVAL=1", "due"),
        ({"repeat_after": 3 * 86400}, "FREQ=DAILY;INTERVAL=3", "due"),
        ({"repeat_after": 14 * 86400}, "FREQ=WEEKLY;INTERVAL=2", "due"),
        (
            {"repeat_after": 86400, "repeat_mode": 2},
            "FREQ=DAILY;INTERVAL=1",
            "completion",
        ),
        ({"repeat_mode": 1}, "FREQ=MONTHLY", "due"),
        ({"repeat_mode": 1, "repeat_after": 86400}, "FREQ=MONTHLY", "due"),
        (
            {"repeats": "FREQ=MONTHLY;BYMONTHDAY=15"},
            "FREQ=MONTHLY;BYMONTHDAY=15",
            "due",
        ),
        ({"repeat_after": 0, "repeat_mode": 2}, "", ""),
    ],
)
def test_reads_repeats(berlin, members, rule, anchor):
    notices, one = import_task(berlin, due_date="2027-02-10T08:30:00Z", **members)

    assert (one.rrule, one.rrule_anchor, notices) == (rule, anchor, [])


def test_a_monthly_task_of_the_last_day_stays_there(berlin):
    _, one = import_task(berlin, due_date="2027-01-30T23:00:00Z", repeat_mode=1)

    assert one.due_date == date(2027, 1, 31)
    assert one.rrule == "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"


@pytest.mark.parametrize(
    "members",
    [
        {"repeat_after": 3600},
        {"repeat_after": 86401},
        {"repeat_after": -86400},
        {"repeat_after": 1000 * 86400},
        {"repeat_after": 10**19},
        {"repeat_after": 86400, "repeat_mode": 3},
        {"repeat_after": 86400, "due_date": NO_DATE},
        {"repeats": "FREQ=HOURLY"},
    ],
)
def test_a_repeat_that_can_not_be_kept_goes_into_the_notes(berlin, members):
    notices, one = import_task(berlin, **{"due_date": "2027-02-10T08:30:00Z"} | members)

    assert one.rrule == ""
    assert one.notes.startswith("Repeat after: ")
    assert notices == ["repeat_after"]


def reminder(at=NO_DATE, period=0, to=""):
    return {"reminder": at, "relative_period": period, "relative_to": to}


@pytest.mark.parametrize(
    ("members", "minutes"),
    [
        ({"reminders": [reminder("2027-02-10T08:00:00Z")]}, 30),
        ({"reminders": [reminder("2027-02-10T08:30:00Z")]}, 0),
        ({"reminders": [reminder(NO_DATE, -3600, "due_date")]}, 60),
        ({"reminders": [reminder(NO_DATE, 1800, "start_date")]}, 60),
        ({"reminders": [reminder("2027-02-10T08:00:00Z", -60, "end_date")]}, 30),
        ({"reminders": [reminder("2027-02-10T08:00:00Z")] * 2}, 30),
        ({"reminder_dates": ["2027-02-10T08:00:00Z"]}, 30),
    ],
    ids=range(7),
)
def test_a_reminder_before_the_time(berlin, members, minutes):
    notices, one = import_task(
        berlin,
        due_date="2027-02-10T08:30:00Z",
        start_date="2027-02-10T07:00:00Z",
        **members,
    )

    assert one.reminder_minutes == minutes
    assert notices == ["start_date"]


def test_a_reminder_of_a_date(berlin):
    notices, one = import_task(
        berlin,
        due_date="2027-02-09T23:00:00Z",
        reminders=[reminder("2027-02-10T08:00:00Z")],
    )

    assert (one.reminder_time, notices) == (time(9), [])


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        ({"due_date": NO_DATE, "reminders": [reminder(CREATED)]}, CREATED),
        ({"reminders": [reminder(NO_DATE, -(10**12), "due_date")]}, "-1000000000000"),
        ({"reminders": [reminder(NO_DATE, -(10**18), "due_date")]}, "-1000000000"),
        ({"reminders": [reminder("soon")]}, "soon"),
        ({"reminder_dates": ["soon"]}, "soon"),
        (
            {"reminders": [reminder("2027-02-10T08:00:00Z"), reminder(CREATED)]},
            CREATED,
        ),
    ],
    ids=range(6),
)
def test_a_reminder_that_can_not_be_kept_goes_into_the_notes(berlin, members, shown):
    notices, one = import_task(berlin, **{"due_date": "2027-02-10T08:30:00Z"} | members)

    assert notices == ["reminders"]
    assert shown in one.notes


# --- The other fields


@pytest.mark.parametrize(
    ("theirs", "ours"), [(0, 3), (1, 4), (2, 3), (3, 2), (4, 1), (5, 1), (None, 3)]
)
def test_reads_priorities(alice, theirs, ours):
    notices, one = import_task(alice, priority=theirs)

    assert (one.priority, notices) == (ours, [])


@pytest.mark.parametrize(
    ("members", "completed_at", "noticed"),
    [
        ({"done": True, "done_at": CREATED}, datetime(2026, 10, 1, 9, tzinfo=UTC), []),
        (
            {"done": True, "updated": "2026-11-01T09:00:00Z"},
            datetime(2026, 11, 1, 9, tzinfo=UTC),
            [],
        ),
        ({"done": True, "updated": None}, LATER, []),
        ({"done": True, "percent_done": 1}, datetime(2026, 10, 1, 9, tzinfo=UTC), []),
        ({"done_at": CREATED}, None, ["done_at"]),
        ({"percent_done": 1}, None, ["percent_done"]),
    ],
    ids=range(6),
)
def test_reads_the_state(alice, members, completed_at, noticed):
    notices, one = import_task(alice, **members)

    assert (one.completed_at, notices) == (completed_at, noticed)


@pytest.mark.parametrize(
    ("description", "notes"),
    [
        ("Two *coats*\n\n- sand", "Two *coats*\n\n- sand"),
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        (
            '<p><a href="https://example.com/a">page</a></p>',
            "page (https://example.com/a)",
        ),
        ("a < b and <p> is a tag", "a < b and <p> is a tag"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"),
        (
            '<ul data-type="taskList"><li data-checked="false" data-type="taskItem">'
            '<label><input type="checkbox"><span></span></label><div><p>a</p></div>'
            "</li></ul>",
            "- [ ] a",
        ),
        ("<p></p>", ""),
        (None, ""),
    ],
)
def test_reads_descriptions(alice, description, notes):
    notices, one = import_task(alice, description=description)

    assert (one.notes, notices) == (notes, [])


def test_colours_are_named_once(alice):
    body = export(
        project(
            task(1, hex_color="ff0000"),
            task(2, labels=[LABEL | {"hex_color": "00ff00"}]),
        )
    )

    report = import_for(alice, body, "vikunja")

    assert [(issue.row, issue.field) for issue in report.notices] == [
        (None, "hex_color")
    ]


def test_unknown_fields_are_named_once(alice):
    body = export(project(task(1, weather="rain"), task(2, weather="sun")))

    report = import_for(alice, body, "vikunja")

    assert [(issue.row, issue.field) for issue in report.notices] == [(None, "weather")]


def test_long_texts_are_cut_with_a_notice(alice):
    notices, one = import_task(alice, title="t" * 501, description="d" * 20_001)

    assert one.title == "t" * 500
    assert len(one.notes) == 20_000
    assert notices == ["title", "notes"]


@pytest.mark.database
@as_one_test
@pytest.mark.parametrize(
    "value", ["text", 5, 0.5, True, [1], ["a"], {"a": 1}, [[]], [None], 10**19]
)
@pytest.mark.parametrize("name", sorted(task().keys() | {"repeats", "reminder_dates"}))
def test_a_value_of_any_type_is_read_or_refused(alice, name, value):
    body = export(project(task(**{name: value})))

    report = import_for(alice, body, "vikunja", dry_run=True)

    assert all(issue.row == 1 and issue.field for issue in report.errors)


def test_a_wrong_type_is_an_error_of_its_row(alice):
    body = export(project(task(1), task(2, title=5, labels=[5], priority="high")))

    report = import_for(alice, body, "vikunja")

    assert [(issue.row, issue.field) for issue in report.errors] == [
        (2, "title"),
        (2, "labels"),
        (2, "priority"),
    ]
    assert Task.objects.count() == 0


# --- Projects


def test_names_lists_by_the_projects_around_them(alice):
    child = project(task(2), number=0, title="Deep")
    body = export(
        project(task(1), title="Top", number=1, child_projects=[child]),
        project(task(3), title="Below", number=3, parent_project_id=1),
        project(task(4), title="Lost", number=4, parent_project_id=99),
        project(task(5), title="inbox", number=5),
    )

    import_for(alice, body, "vikunja")

    names = Task.objects.order_by("title").values_list("list__name", flat=True)
    assert list(names) == ["Top", "Top/Deep", "Top/Below", "Lost", "Inbox"]


def test_projects_in_a_circle_have_a_name(alice):
    body = export(
        project(task(1), title="a", number=1, parent_project_id=2),
        project(title="b", number=2, parent_project_id=1),
    )

    report = import_for(alice, body, "vikunja")

    assert report.created == 2


def test_an_archived_project_becomes_an_archived_list(alice):
    body = export(
        project(task(1), title="Old", number=1, is_archived=True),
        project(task(2), title="Below", number=2, parent_project_id=1),
    )

    import_for(alice, body, "vikunja")
    again = import_for(alice, body, "vikunja")

    lists = TaskList.objects.filter(archived_at=LATER).order_by("name")
    assert [one.name for one in lists] == ["Old", "Old/Below"]
    assert Task.objects.get(title="Task 1").list == lists[0]
    assert (again.created, again.skipped) == (0, 4)


def test_what_projects_lose_is_named(alice):
    body = export(
        project(title="Empty", description="why", number=2),
        project(title="Favorites", number=-1),
        project(task(), hex_color="aabbcc"),
    )

    report = import_for(alice, body, "vikunja")

    assert [issue.field for issue in report.notices] == [
        "hex_color",
        "description",
        "projects",
    ]


def test_a_column_of_a_board_is_a_label(alice):
    columns = [{"id": 5, "title": "Doing"}]
    columns += [{"id": 6, "title": "Finished", "is_done_bucket": True}]
    tasks = [task(1, bucket_id=5), task(2, bucket_id=5), task(3, bucket_id=6)]
    tasks += [task(4, bucket_id=9)]

    report = import_for(alice, export(project(*tasks, buckets=columns)), "vikunja")

    found = [labels_of(one) for one in Task.objects.order_by("title")]
    assert found == [["Doing"], ["Doing"], [], []]
    assert [(issue.row, issue.field) for issue in report.notices] == [(1, "buckets")]


def test_reads_the_lists_of_older_versions(alice):
    body = json.dumps([{"id": 1, "title": "Space", "lists": [project(task())]}])

    import_for(alice, body, "vikunja")

    assert Task.objects.get().list.name == "Space/Inbox"


# --- Steps


@pytest.mark.parametrize("kinds", [("subtask",), ("parenttask",), ("both",)])
@pytest.mark.parametrize("is_first", [True, False])
def test_subtasks_become_steps(alice, kinds, is_first):
    step, top = task(1), task(2)
    if {"subtask", "both"} & set(kinds):
        top["related_tasks"] = {"subtask": [task(1)]}
    if {"parenttask", "both"} & set(kinds):
        step["related_tasks"] = {"parenttask": [task(2)]}
    tasks = [step, top] if is_first else [top, step]

    report = import_for(alice, export(project(*tasks)), "vikunja")

    assert Task.objects.get(title="Task 1").parent.title == "Task 2"
    assert report.notices == []


def test_a_step_in_another_project_goes_to_the_list_of_its_task(alice):
    body = export(
        project(task(1, related_tasks={"subtask": [task(2)]}), title="a", number=1),
        project(task(2), title="b", number=2),
    )

    report = import_for(alice, body, "vikunja")

    assert Task.objects.get(title="Task 2").list.name == "a"
    assert [(issue.row, issue.field) for issue in report.notices] == [
        (2, "related_tasks")
    ]


def test_relations_that_steps_can_not_have_are_named(alice):
    both = {"parenttask": [task(1), task(4)], "subtask": [task(9)]}
    body = export(project(task(1), task(2, related_tasks=both), task(4)))

    report = import_for(alice, body, "vikunja")

    step = Task.objects.get(title="Task 2")
    assert step.parent.title == "Task 1"
    assert step.notes == (
        "Related tasks: parenttask: Task 4\n\nRelated tasks: subtask: Task 9"
    )
    assert [(issue.row, issue.field) for issue in report.notices] == [
        (2, "related_tasks"),
        (2, "related_tasks"),
    ]


def test_steps_below_steps_and_circles(alice):
    tasks = [
        task(1, related_tasks={"parenttask": [task(2)]}),
        task(2, related_tasks={"parenttask": [task(3)]}),
        task(3),
        task(4, related_tasks={"parenttask": [task(5)]}),
        task(5, related_tasks={"parenttask": [task(4)]}),
    ]

    report = import_for(alice, export(project(*tasks)), "vikunja")

    parents = {one.title: one.parent and one.parent.title for one in Task.objects.all()}
    assert parents["Task 1"] == parents["Task 2"] == "Task 3"
    assert report.created == 5


# --- Once more, and undone


def test_importing_an_export_again_stores_nothing(alice):
    body = export(project(task(1, related_tasks={"subtask": [task(2)]}), task(2)))
    import_for(alice, body, "vikunja")
    before = stored(alice)

    second = import_for(alice, body, "vikunja")

    assert (second.created, second.skipped) == (0, 2)
    assert stored(alice) == before


def test_another_server_has_other_tasks_with_the_same_ids(alice):
    import_for(alice, export(project(task(1))), "vikunja")

    other = task(1, title="Other", created="2026-10-02T09:00:00Z")
    report = import_for(alice, export(project(other)), "vikunja")

    assert (report.created, report.skipped) == (1, 0)


def test_tasks_without_or_with_the_same_id_are_different_tasks(alice):
    tasks = [task(1), task(1, title="b"), task(0, title="c"), task(None, title="d")]

    first = import_for(alice, export(project(*tasks)), "vikunja")

    assert first.errors == []
    assert (first.created, [issue.row for issue in first.notices]) == (4, [2])


def test_an_import_can_be_undone(alice):
    body = export(project(task(1, labels=[LABEL]), title="New"))
    batch = import_for(alice, body, "vikunja").batch

    actions.undo(caller_of(alice, LATER), batch_id=batch)

    assert not Task.objects.filter(trashed_at=None).exists()
    assert not TaskList.objects.filter(name="New", trashed_at=None).exists()


# --- Wrong files


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "5",
        "{}",
        "[]",
        "[5]",
        "[[]]",
        "[{}]",
        '[{"title": "a"}]',
        '[{"title": "a", "tasks": {}}]',
        '[{"title": "a", "tasks": 5}]',
        '[{"title": 5, "tasks": [{"title": "a"}]}]',
        '[{"title": "a", "tasks": [], "tasks": []}]',
        '[{"title": "a", "tasks": [{"title": "a", "title": "b"}]}]',
        '[{"title": "a", "tasks": [{"title": "a"}',
        '[{"title": "a", "tasks": [{"title": "a"}]}] x',
        '[{"title": "a", "tasks": [NaN]}]',
        '{"format": "ownlist"}',
        '{"kind": "tasks#taskLists", "items": []}',
        '[{"displayName": "Tasks", "tasks": []}, {"id": 1}]',
        "title\na\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        "[" * 200_000,
        '[{"child_projects":' * 5_000,
        '[{"title":"a","tasks":[' + '{"a":' * 5_000,
        '[{"title":"a","tasks":[' + "[" * 5_000,
    ],
    ids=range(27),
)
def test_refuses_other_files(alice, body):
    with pytest.raises(FileRefused):
        import_for(alice, body, "vikunja")


@pytest.mark.parametrize(
    "body",
    [
        archive(VERSION="1"),
        archive(data_json="{}"),
        archive(a__data_json="[]", b__data_json="[]"),
        archive(data_json=export(project(task())))[:-30],
        b"PK\x03\x04" + bytes(100),
    ],
    ids=["no data", "another file", "two", "cut", "damaged"],
)
def test_refuses_other_archives(alice, body):
    with pytest.raises(FileRefused):
        import_for(alice, body, "vikunja")


def test_refuses_a_mapping(alice):
    with pytest.raises(MappingRefused):
        import_for(alice, export(project(task())), "vikunja", mapping={"list": "a"})


def test_limits_the_rows(alice):
    body = export(project(*map(task, range(1, 10))))

    import_for(alice, body, "vikunja", rows_max=10)  # with the project
    with pytest.raises(TooManyRows):
        import_for(alice, body, "vikunja", rows_max=9)
    with pytest.raises(TooManyRows):
        import_for(alice, export(*[project()] * 11), "vikunja", rows_max=10)


def test_limits_what_is_beside_the_tasks(alice, monkeypatch):
    monkeypatch.setattr(vikunja_projects, "OTHERS_MAX", 100)
    body = export(project(task(), positions=[{}] * 101))

    with pytest.raises(FileRefused, match="100 values"):
        import_for(alice, body, "vikunja", rows_max=1000)
    assert import_for(alice, body, "vikunja").created == 1


def test_a_task_may_have_many_steps(alice):
    steps = [task(number, description="d" * 1000) for number in range(2, 402)]
    top = task(1, related_tasks={"subtask": steps})

    report = import_for(alice, export(project(top, *steps)), "vikunja")

    assert (report.created, report.errors) == (401, [])


@pytest.mark.database
@as_one_test
@pytest.mark.parametrize("name", ["created", "title", "updated", "due_date"])
def test_half_a_surrogate_pair_is_never_a_server_error(alice, name):
    body = export(
        project(task(**{name: "\ud800"}), is_archived=True, **{name: "\ud800"})
    )

    report = import_for(alice, body, "vikunja", skip_errors=True)

    assert report.created + len(report.errors) > 0


@pytest.mark.parametrize("name", ["description", "comment"])
def test_html_that_is_too_long_is_cut_with_a_notice(alice, name):
    text = "<p>" + "<b></b>" * 20_000 + "lost"
    members = {"description": text} if name == "description" else {}
    members = members or {"comments": [{"comment": text, "created": CREATED}]}
    report = import_for(alice, export(project(task(**members))), "vikunja")

    noticed = [(issue.row, issue.field) for issue in report.notices]
    assert any(row == 1 and field.endswith(name) for row, field in noticed)
    assert "lost" not in Task.objects.get(owner=alice).notes
