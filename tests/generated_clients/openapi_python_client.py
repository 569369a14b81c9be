"""The client of openapi-python-client, generated as the package `generated`."""

import os

from generated import AuthenticatedClient, Client
from generated.api.auth import register
from generated.api.exchange import (
    export_csv,
    export_ics,
    export_json,
    export_markdown,
)
from generated.api.plan import plan_tasks_create
from generated.api.tasks import tasks_create, tasks_list, tasks_partial_update
from generated.models import (
    Export,
    PatchedTaskRequest,
    PlanTask,
    PlanTaskRequest,
    Problem,
    Registered,
    RegisterRequest,
    Task,
    TaskPage,
    TaskRequest,
    TasksListView,
)

BASE_URL = os.environ["OWNLIST_URL"]

anonymous = Client(base_url=BASE_URL)
registered = register.sync(
    client=anonymous,
    body=RegisterRequest("ada@example.com", "ultramarine typewriter 77"),
)
assert isinstance(registered, Registered)
print("registered", registered.user.email)

client = AuthenticatedClient(base_url=BASE_URL, token=registered.access)
created = tasks_create.sync(
    client=client, body=TaskRequest("Buy milk", labels=["errand"])
)
assert isinstance(created, Task)
print("created", created.title, created.labels, created.parent)

page = tasks_list.sync(client=client, view=TasksListView.OPEN)
assert isinstance(page, TaskPage)
print("listed", [task.title for task in page.results])

etag = f'"v{created.version}"'
changed = tasks_partial_update.sync(
    created.id,
    client=client,
    body=PatchedTaskRequest(title="Buy oat milk"),
    if_match=etag,
)
assert isinstance(changed, Task)
print("changed", changed.title, changed.version)

refused = tasks_partial_update.sync_detailed(
    created.id, client=client, body=PatchedTaskRequest(title="x"), if_match=etag
)
assert isinstance(refused.parsed, Problem)
print("refused", refused.status_code.value, refused.parsed.code)

plans = plan_tasks_create.sync(
    "me", client=client, body=PlanTaskRequest("Of the plan", priority=None)
)
assert isinstance(plans, PlanTask)
print("plan", plans.priority.value, len(plans.description), len(plans.tags))

whole = export_json.sync(client=client)
assert isinstance(whole, Export)
print("json", whole.tasks[0].title, whole.manifest.tasks.count)
csv = export_csv.sync(client=client)
assert isinstance(csv, str)
print("csv", "Buy oat milk" in csv)
ics = export_ics.sync(client=client)
assert isinstance(ics, str)
print("ics", "SUMMARY:Buy oat milk" in ics)
markdown = export_markdown.sync(client=client)
assert isinstance(markdown, str)
print("markdown", "Buy oat milk" in markdown)
