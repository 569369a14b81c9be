"""Examples of the requests and responses of tasks, for the OpenAPI document.

One for each object, by its name there. A test sends the requests in their order and
compares the responses.
"""

from config.api.fields import field_names
from config.json import JSONObject
from todos import actions
from todos.api.quick import FIELDS
from todos.api.serializers.tasks import TaskSerializer
from todos.exports.json import FORMAT, PARTS, VERSION, Part, canonical

Example = JSONObject

ERRANDS = "01a204a3-7c6b-7687-af78-e19c30a103d2"
WORK = "01a204a3-7c86-73e1-8870-e5564495a648"
PLANTS = "01a204a3-7ce4-7235-a88f-5f28d1c45088"
GARDEN = "01a204a3-7de7-758e-bf6e-463b4412ccf4"
MILK = "01a204a3-7d0a-7481-ade3-c61eb2296bb2"
BATCH = "01a204a3-7d91-7421-aa2d-a1c7fcf3b56a"
USER = "01a204a3-76d2-7056-87fe-4b965fc9dfef"
MORNING = "2027-02-22T07:32:32.904802Z"


def _page(row: Example) -> Example:
    return {"next": None, "previous": None, "results": [row]}


_list = {
    "id": ERRANDS,
    "name": "Errands",
    "colour": "green",
    "position": 1803367952811498,
    "archived_at": None,
    "is_inbox": False,
    "open_count": 0,
}
_label = {
    "id": GARDEN,
    "name": "garden",
    "colour": "green",
}
_asked = {
    "title": "Water the plants",
    "notes": "The **fern** too.",
    "list": ERRANDS,
    "priority": 2,
    "due_date": "2027-02-27",
    "due_time": "09:00",
    "due_tz": "Europe/Berlin",
    "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=SA", "anchor": "due"},
    "reminder": {"minutes_before": 30},
    "labels": ["home"],
}
_task = {
    "id": PLANTS,
    "parent": None,
    **_asked,
    "recurrence": {
        "rrule": "FREQ=WEEKLY;BYDAY=SA",
        "anchor": "due",
        "text": "Every week on Saturday",
    },
    # Omitted fields are null in the response.
    **{
        name: None
        for name in field_names(TaskSerializer)
        if name not in {"id", *_asked}
    },
    "position": 1803367952932656,
    "series": "01a204a3-7ce9-73f0-b347-4e3a811714d9",
    "completed_at": None,
    "trashed_at": None,
    "created_at": MORNING,
    "updated_at": MORNING,
    "version": 1,
    "steps_total": 0,
    "steps_done": 0,
}
_milk = _task | {
    "id": MILK,
    "list": WORK,
    "title": "Buy milk",
    "notes": "",
    "priority": 3,
    "due_date": "2027-02-28",
    "due_time": None,
    "due_tz": None,
    "recurrence": None,
    "reminder": None,
    "labels": [],
    "series": None,
    "version": 3,
}
_next = _task | {
    "id": "01a204a3-7d41-756b-948e-de1f0a1af122",
    "due_date": "2027-03-06",
}
_change = {
    "id": "01a204a3-7d98-7254-8ad2-b6b77fe89eb8",
    "at": MORNING,
    "entity": "task",
    "entity_id": MILK,
    "kind": "updated",
    "before": {"due_date": None},
    "after": {"due_date": "2027-02-28"},
    "batch": BATCH,
}
_exported_list = {
    "id": ERRANDS,
    "name": "Errands",
    "colour": "green",
    "position": 1803367952811498,
    "is_inbox": False,
    "archived_at": None,
    "trashed_at": None,
    "created_at": MORNING,
    "updated_at": MORNING,
    "version": 1,
}
_exported_label = {
    "name": "garden",
    "colour": "green",
    "created_at": MORNING,
    "updated_at": MORNING,
    "version": 1,
}
_exported_task = {
    name: value
    for name, value in _task.items()
    if name not in {"steps_total", "steps_done"}
} | {
    "recurrence": _asked["recurrence"],
    "series": {"id": "01a204a3-7d5f-7f5b-a5e2-9a3b8f3a8f58", "occurrence": 1},
}


_settings = {"timezone": "Europe/Berlin", "day_start": 0, "week_start": "monday"}


def _export() -> Example:
    items = [[_settings], [_exported_list], [_exported_label], [_exported_task]]
    parts = {name: Part() for name in PARTS}
    for part, entries in zip(parts.values(), items, strict=True):
        for entry in entries:
            part.add(canonical(entry))
    manifest = {name: part.entry() for name, part in parts.items()}
    return {
        "format": FORMAT,
        "version": VERSION,
        **dict(zip(PARTS, [_settings, *items[1:]], strict=True)),
        "manifest": {"version": VERSION} | manifest,
    }


_plan_task = {
    "id": "01a204a3-7eee-740e-9427-491fd87b8886",
    "user_id": USER,
    "title": "Buy milk",
    "description": "Two litres",
    "completed": False,
    "status": "pending",
    "priority": "high",
    "tags": ["errand"],
    "due_date": "2027-02-28",
    "recurrence": None,
    "created_at": MORNING,
    "updated_at": MORNING,
    "completed_at": None,
    "userId": USER,
    "createdAt": MORNING,
    "updatedAt": MORNING,
    "dueDate": "2027-02-28",
}

EXAMPLES: dict[str, Example] = {
    # Lists and labels
    "ListRequest": {"name": "Errands", "colour": "green"},
    "List": _list,
    "ListPage": _page(_list),
    "PartList": {"name": "Errands"},
    "PartListPage": _page({"name": "Errands"}),
    "PatchedListRequest": {"name": "Shopping"},
    "ListMoveRequest": {"before": WORK},
    "LabelRequest": {"name": "garden", "colour": "green"},
    "Label": _label,
    "LabelPage": _page(_label),
    "LabelMergeRequest": {"into": GARDEN},
    "PartLabel": {"name": "home"},
    "PartLabelPage": _page({"name": "home"}),
    "PatchedLabelRequest": {"colour": "blue"},
    # Tasks
    "TaskRequest": _asked,
    "Task": _task,
    "TaskPage": _page(_task),
    "PartTask": {"title": "Water the plants"},
    "PartTaskPage": _page({"title": "Water the plants"}),
    "PatchedTaskRequest": {"due_date": "2027-02-27", "priority": 1},
    "CompletedTask": _task | {"completed_at": MORNING, "version": 3, "next": _next},
    "TaskMoveRequest": {"list": WORK},
    "BulkRequest": {"ids": [MILK], "action": "due", "due_date": "2027-02-28"},
    "BulkChange": {"batch": BATCH, "tasks": [_milk]},
    "QuickRequest": {"text": "Buy milk #Errands @shop"},
    "QuickAnswer": {
        "tasks": [
            _milk | {"list": ERRANDS, "due_date": None, "labels": ["shop"]},
        ],
        "parse": [
            {
                "title": "Buy milk",
                "spans": [
                    {
                        "kind": "list",
                        "start": 9,
                        "end": 17,
                        "text": "#Errands",
                        "value": "Errands",
                    },
                    {
                        "kind": "label",
                        "start": 18,
                        "end": 23,
                        "text": "@shop",
                        "value": "shop",
                    },
                ],
                "fields": dict.fromkeys(FIELDS)
                | {"list": ERRANDS, "labels": ["shop"], "priority": 3},
            }
        ],
    },
    "PreviewQuestionRequest": {"rrule": "FREQ=MONTHLY", "due_date": "2027-01-31"},
    "Preview": {
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "text": "Every month on the last day",
        "dates": ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"],
        "at": None,
    },
    # The ledger
    "ChangeFeed": {"results": [_change], "next": "17"},
    "ChangePage": _page(_change),
    "PartChangeFeed": {"results": [{"kind": "created"}], "next": "17"},
    "PartChangePage": _page({"kind": "created"}),
    "UndoRequest": {"batch": BATCH},
    "Undone": {
        "batch": "01a204a3-7e8e-76b5-9918-f757ac55c93a",
        "changes": [
            _change
            | {
                "id": "01a204a3-7e96-773a-8c32-7bb6b969398b",
                "before": {"due_date": "2027-02-28"},
                "after": {"due_date": None},
                "batch": "01a204a3-7e8e-76b5-9918-f757ac55c93a",
            }
        ],
    },
    "UndoProblem": {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": actions.UndoConflict.text,
        "code": "undo_conflict",
        "changes": ["01a204a3-7d98-7254-8ad2-b6b77fe89eb8"],
    },
    # Import
    "Export": _export(),
    "Report": {
        "batch": None,
        "created": 2,
        "skipped": 0,
        "errors": [],
        "notices": [
            {"row": 1, "field": "due", "message": "This column is not imported."}
        ],
    },
    "ImportProblem": {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "file: Row 2, title: This field may not be blank.",
        "code": "import_refused",
        "errors": {"file": ["Row 2, title: This field may not be blank."]},
        "report": {
            "batch": None,
            "created": 0,
            "skipped": 0,
            "errors": [
                {"row": 2, "field": "title", "message": "This field may not be blank."}
            ],
            "notices": [],
        },
    },
    # The plan's contract
    "PlanTaskRequest": {
        "title": "Buy milk",
        "description": "Two litres",
        "priority": "high",
        "tags": ["errand"],
        "due_date": "2027-02-28",
    },
    "PlanTask": _plan_task,
    "PatchedPlanTaskRequest": {"title": "Buy oat milk", "dueDate": "2027-03-01"},
    "PatchedCompletionRequest": {"completed": True},
}

PARAMETERS: dict[str, Example] = {
    "task_id": {"description": "The id of the task.", "example": PLANTS},
    "list_id": {"description": "The id of the list.", "example": ERRANDS},
    "label_id": {"description": "The id of the label.", "example": _label["id"]},
    "list": {"example": [ERRANDS]},
    "label": {"example": ["home"]},
    "tag": {"example": ["home"]},
    "parent": {"example": PLANTS},
    "move_to": {"example": WORK},
    "q": {"example": "milk"},
    "search": {"example": "milk"},
    "due_after": {"example": "2027-02-22"},
    "due_before": {"example": "2027-03-01"},
    "since": {"example": "17"},
    "cursor": {"example": "WyJwb3NpdGlvbiIsdHJ1ZSwiMTgwMzM2Nzk1MjkzMjY1NiJd:1ab"},
    "fields": {"example": ["id"]},
}
