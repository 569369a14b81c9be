"""The OpenAPI document allows `null` exactly where it occurs and is accepted."""

import json
from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.module_loading import import_string
from drf_spectacular.generators import SchemaGenerator
from openapi_schema_validator import OAS31Validator

from accounts.models import SecurityEvent, User
from tests.factories import TaskFactory

pytestmark = pytest.mark.any_database

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
DOCUMENT = json.loads(
    json.dumps(SchemaGenerator().get_schema(request=None, public=True))
)
SCHEMAS = DOCUMENT["components"]["schemas"]
EXAMPLES = {
    name: example
    for module in settings.API_EXAMPLES
    for name, example in import_string(f"{module}.EXAMPLES").items()
}


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolved(thing):
    while "$ref" in thing:
        *_, kind, name = thing["$ref"].split("/")
        thing = DOCUMENT["components"][kind][name]
    return thing


def choices(schema):
    """The schema, or the alternatives that it names."""
    for keyword in ("oneOf", "anyOf", "allOf"):
        if keyword in schema:
            for one in schema[keyword]:
                yield from choices(one)
            return
    yield schema


def allows_null(schema):
    kinds = [resolved(one).get("type", ()) for one in choices(schema)]
    return any(kind == "null" or "null" in kind for kind in kinds)


def fits(schema, value):
    whole = {"components": DOCUMENT["components"], **schema}
    return OAS31Validator(whole).is_valid(value)


# --- Responses --------------------------------------------------------------------


def documented():
    """The members of objects in responses that may be null, as `Task.parent`."""
    found, seen = set(), set()

    def visit(schema):
        name = schema.get("$ref", "").rpartition("/")[2]
        if name in seen:
            return
        seen.add(name) if name else None
        shape = resolved(schema)
        if len(alternatives := list(choices(shape))) > 1:
            for one in alternatives:
                visit(one)
        visit(shape["items"]) if "items" in shape else None
        for member, one in shape.get("properties", {}).items():
            if allows_null(one):
                found.add(f"{name}.{member}")
            visit(one)

    for *_, operation in operations():
        for response in operation["responses"].values():
            for media in resolved(response).get("content", {}).values():
                visit(media["schema"])
    return {place for place in found if not place.startswith("Part")}


def nulls(schema, value):
    """Yield the members that are null in a value, as `Task.parent`."""
    for one in choices(schema):
        name, shape = one.get("$ref", "").rpartition("/")[2], resolved(one)
        if name.startswith("Part"):
            continue  # has members of the whole object
        if len(list(choices(shape))) > 1:
            yield from nulls(shape, value)
        elif isinstance(value, list) and "items" in shape:
            for item in value:
                yield from nulls(shape["items"], item)
        elif isinstance(value, dict) and fits(one, value):
            for member, schema_of_member in shape.get("properties", {}).items():
                if member not in value:
                    continue
                if value[member] is None:
                    yield f"{name}.{member}"
                else:
                    yield from nulls(schema_of_member, value[member])


class Recorder:
    """Calls the API, validates each response, and records where null is."""

    def __init__(self, client):
        self.client = client
        self.found = set()

    def send(self, method, path, body=None, *, route=None, **how):
        response = getattr(self.client, method)(f"/api{path}", body, **how)
        operation = DOCUMENT["paths"][f"/api{route or path}".partition("?")[0]][method]
        described = resolved(operation["responses"][str(response.status_code)])
        content = described.get("content", {})
        media_type = response.get("Content-Type", "").partition(";")[0]
        if not content:
            return None
        schema = content[media_type]["schema"]
        if response.streaming:
            value = json.loads(b"".join(response.streaming_content))
        else:
            value = response.json()
        assert fits(schema, value), (method, path, value)
        self.found |= set(nulls(schema, value))
        return value

    def upload(self, text, **fields):
        file = SimpleUploadedFile("file", text)
        form = {"file": file, "format": "csv"} | fields
        return self.send("post", "/v1/import", form, format="multipart")


def one_of_everything(recorder):
    """Call every operation whose responses have members that may be null."""
    send = recorder.send
    plain = send("post", "/v1/tasks", {"title": "Plain"})
    of_task = "/v1/tasks/{task_id}"
    repeating = send(
        "post",
        "/v1/tasks",
        {
            "title": "Water the plants",
            "due_date": "2027-02-28",
            "due_time": "09:00",
            "due_tz": "Europe/Berlin",
            "start_date": "2027-02-27",
            "recurrence": {"rrule": "FREQ=WEEKLY"},
            "reminder": {"minutes_before": 5},
        },
    )
    step = send("post", "/v1/tasks", {"title": "A step", "parent": plain["id"]})
    for task in (plain, repeating):
        send("post", f"/v1/tasks/{task['id']}/complete", route=of_task + "/complete")
    nothing = {
        "due_date": None,
        "due_time": None,
        "due_tz": None,
        "start_date": None,
        "recurrence": None,
        "reminder": None,
    }
    path = f"/v1/tasks/{repeating['id']}"
    send("post", f"{path}/reopen", route=of_task + "/reopen")
    send("patch", path, nothing, route=of_task)
    send("patch", f"/v1/tasks/{step['id']}", {"parent": None}, route=of_task)
    for action in ("complete", "reopen", "complete"):
        # The second one has nothing to do.
        send("post", "/v1/tasks/bulk", {"ids": [plain["id"]], "action": action})
    send("post", "/v1/tasks/bulk", {"ids": [plain["id"]], "action": "complete"})
    send("delete", path, route=of_task)
    send("post", f"{path}/restore", route=of_task + "/restore")
    send("get", path, route=of_task)
    send("get", f"{path}/changes", route=of_task + "/changes")
    send("get", f"{path}/changes?page_size=1", route=of_task + "/changes")

    errands = send("post", "/v1/lists", {"name": "Errands"})["id"]
    path, route = f"/v1/lists/{errands}", "/v1/lists/{list_id}"
    send("patch", path, {"archived_at": "2027-01-01T00:00:00Z"}, route=route)
    send("patch", path, {"archived_at": None}, route=route)
    send("post", "/v1/labels", {"name": "home"})
    for path in ("/v1/lists", "/v1/labels", "/v1/tasks", "/v1/changes"):
        send("get", path)
    send("post", "/v1/tasks/quick", {"text": r"Buy milk \#1", "dry_run": True})
    new_list = {"text": "Buy seeds #garden", "new_lists": ["garden"], "dry_run": True}
    send("post", "/v1/tasks/quick", new_list)
    question = {"rrule": "FREQ=DAILY", "anchor": "due", "due_date": "2027-02-28"}
    send("post", "/v1/recurrence/preview", question)
    recorder.upload(b"title\nBuy milk\n", dry_run="true")
    recorder.upload(b"title,due\nBuy milk,soon\n", dry_run="true")
    recorder.upload("title\nBuy milk\n".encode("utf-16"), dry_run="true")
    recorder.upload(b"title,priority\n,1\n")
    TaskFactory(owner=User.objects.get(), title="For an export")
    send("get", "/v1/export/json")
    send("post", "/v1/undo")
    send("post", "/me/tasks", {"title": "Plain"}, route="/{user_id}/tasks")
    send("get", "/me/tasks", route="/{user_id}/tasks")
    EmailAddress.objects.create(user=User.objects.get(), email="new@example.com")
    send("get", "/v1/credentials")
    # As an older version recorded it, without a number.
    SecurityEvent.objects.create(user=User.objects.get(), kind="signed_up", at=NOW)
    send("get", "/v1/security-events")
    User.objects.update(email=None)
    send("get", "/v1/users/me")


def test_null_is_documented_exactly_where_it_occurs(api_as, alice):
    recorder = Recorder(api_as(alice))

    one_of_everything(recorder)

    assert recorder.found == documented()


# --- Requests ---------------------------------------------------------------------


def bodies():
    """The JSON bodies by operation, once for each that several routes share."""
    found = {}
    for path, method, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            if operation["security"] == [{"betterAuth": []}]:
                continue  # no token of ours reaches the body
            key = (method, name, path.rpartition("/")[2])
            found[key] = min(path, found.get(key, path), key=len)
    return sorted((method, path, name) for (method, name, _), path in found.items())


@pytest.mark.parametrize(("method", "path", "name"), bodies())
def test_null_is_documented_exactly_where_it_is_accepted(
    api_as, alice, method, path, name
):
    client = api_as(alice)
    ids = {
        "task_id": TaskFactory(owner=alice).pk,
        "list_id": client.post("/api/v1/lists", {"name": "Errands"}).json()["id"],
        "label_id": client.post("/api/v1/labels", {"name": "home"}).json()["id"],
        "user_id": "me",
    }
    alternatives = list(choices(SCHEMAS[name]))
    example = EXAMPLES[name] if len(alternatives) == 1 else {}

    for shape in alternatives:
        for member, schema in shape["properties"].items():
            response = getattr(client, method)(
                path.format(**ids), {**example, member: None}
            )

            problem = response.json() if response.content else {}
            details = problem.get("error", {}).get("details") or problem.get("errors")
            texts = (details or {}).get(member, [])
            if allows_null(schema):
                assert texts == [], (member, problem)
            else:
                assert "may not be null" in str(texts), (member, problem)
