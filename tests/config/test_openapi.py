"""The OpenAPI document: every response is described, and the examples are real."""

import json
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.module_loading import import_string
from drf_spectacular.generators import SchemaGenerator
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.factories import PASSWORD, TaskFactory

EXAMPLES = {
    name: example
    for module in settings.API_EXAMPLES
    for name, example in import_string(f"{module}.EXAMPLES").items()
}


@pytest.fixture(scope="module")
def document():
    made = SchemaGenerator().get_schema(request=None, public=True)
    return json.loads(json.dumps(made))


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def resolved(document, thing):
    while "$ref" in thing:
        found = document
        for part in thing["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def answers(document, operation):
    """Every schema of a response of the operation."""
    for response in operation["responses"].values():
        for media in resolved(document, response).get("content", {}).values():
            yield media["schema"]


def objects(document, schema, seen):
    """The names of all objects that a schema refers to."""
    if isinstance(schema, dict):
        name = schema.get("$ref", "").rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            objects(document, document["components"]["schemas"][name], seen)
        for value in schema.values():
            objects(document, value, seen)
    elif isinstance(schema, list):
        for value in schema:
            objects(document, value, seen)
    return seen


# --- Texts --------------------------------------------------------------------


def test_every_operation_has_a_unique_summary(document):
    found = {}
    for path, method, operation in operations(document):
        summary = operation["summary"]
        assert summary and not summary.endswith("."), (path, method)
        assert operation.get("description") != summary, (path, method)
        found.setdefault(summary, []).append(
            (method, re.sub(r"(/users)?/{user_id}|/v1", "", path))
        )
    for summary, places in found.items():
        # The same views are also routed by user id, and PUT is PATCH in the plan.
        assert len({path for _, path in places}) == 1, summary


def test_every_subject_is_described(document):
    described = {tag["name"] for tag in document["tags"] if tag["description"]}

    used = {tag for *_, operation in operations(document) for tag in operation["tags"]}

    assert used == described


def test_the_document_says_how_credentials_are_sent(document):
    prose = document["info"]["description"]
    schemes = document["components"]["securitySchemes"]

    assert "Authorization: Bearer" in prose
    for name in ("token", "betterAuth", "personalToken"):
        assert f"`{name}`" in prose
        assert schemes[name]["scheme"] == "bearer"
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_every_operation_names_the_scope_of_a_personal_access_token(document):
    def scopes(path, method):
        security = document["paths"][path][method]["security"]
        return [one["personalToken"] for one in security if "personalToken" in one]

    assert scopes("/api/v1/tasks", "post") == [["tasks:append"]]
    assert scopes("/api/v1/tasks/{task_id}", "delete") == [["tasks:write"]]
    assert scopes("/api/v1/users/me", "delete") == []
    assert scopes("/api/v1/auth/token", "post") == []


def test_every_parameter_is_described_and_shown_by_a_true_example(document):
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            place = (method, path, parameter["name"])
            schema = parameter["schema"]
            assert parameter.get("description"), place
            assert (
                "example" in parameter
                or {"enum", "default", "minimum"} & {*schema}
                or parameter["name"] == "priority"
            ), place
            if "example" in parameter:
                OAS31Validator(schema).validate(parameter["example"])


def test_only_documented_members_are_absent_from_responses(document):
    names = set()
    for *_, operation in operations(document):
        for schema in answers(document, operation):
            objects(document, schema, names)
    lacking = {
        f"{name}.{member}"
        for name in names
        for schema in [document["components"]["schemas"][name]]
        for member in schema.get("properties", {}).keys()
        - {*schema.get("required", ())}
        if not name.startswith(("Part", "ChangedFields"))
    }

    assert lacking == {
        "BulkTask.next",
        "ImportProblem.errors",
        "ImportProblem.report",
        "Problem.errors",
        "UndoProblem.changes",
        "UndoProblem.errors",
    }


def test_a_client_fills_in_nothing_where_only_what_is_sent_changes(document):
    filled_in = {
        f"{name}.{member}"
        for name, schema in document["components"]["schemas"].items()
        for member, value in schema.get("properties", {}).items()
        if "default" in value
        and not name.endswith("Request")
        or "default" in value
        and name.startswith("Patched")
    }

    assert filled_in == set()


def test_a_local_time_is_not_a_time_of_rfc_3339(document):
    schema = document["components"]["schemas"]["TaskRequest"]["properties"]["due_time"]

    validator = OAS31Validator(schema)

    assert "format" not in schema
    assert validator.is_valid("09:00")
    assert not validator.is_valid("09:00:00Z")


@pytest.mark.parametrize("thing", ["tasks", "lists"])
def test_a_move_requires_a_body(document, thing):
    operation = document["paths"][f"/api/v1/{thing}/{{{thing[:-1]}_id}}/move"]["post"]

    assert operation["requestBody"]["required"] is True


def test_a_new_password_has_its_least_length_and_an_old_one_does_not(document):
    schemas = document["components"]["schemas"]

    change = schemas["PasswordChangeRequest"]["properties"]

    assert schemas["RegisterRequest"]["properties"]["password"]["minLength"] == 15
    assert change["new_password"]["minLength"] == 8  # with a second factor
    assert change["old_password"]["minLength"] == 1


def test_the_words_that_the_plans_list_takes_are_listed(document, api_as, alice):
    parameters = document["paths"]["/api/{user_id}/tasks"]["get"]["parameters"]
    words = {
        parameter["name"]: parameter["schema"]["enum"]
        for parameter in parameters
        if "enum" in parameter["schema"]
    }
    client = api_as(alice)

    assert words.keys() == {"status", "completed", "priority", "sort", "order"}
    for name, values in words.items():
        for value in values:
            answer = client.get("/api/me/tasks", {name: value})
            assert answer.status_code == 200, (name, value)


@pytest.mark.parametrize(
    ("name", "fitting", "other"),
    [
        ("TaskMoveRequest", {"list": "x"}, {"list": "x", "before": "x"}),
        ("ListMoveRequest", {"after": "x"}, {}),
        ("ReminderRequest", {"minutes_before": 5}, {}),
        ("UndoRequest", {}, {"batch": "x", "change": "x"}),
    ],
)
def test_the_document_says_which_fields_exclude_each_other(
    document, name, fitting, other
):
    validator = OAS31Validator(document["components"]["schemas"][name])

    assert validator.is_valid(fitting)
    assert not validator.is_valid(other)


OPEN = {
    "/api/v1/auth/logout",
    "/api/v1/auth/register",
    "/api/v1/auth/token",
    "/api/v1/auth/token/refresh",
}


def test_only_operations_without_a_credential_ask_for_none(document, api, db):
    for path, method, operation in operations(document):
        answer = getattr(api, method)(path, {})
        if path in OPEN:
            assert operation["security"] == [], path
            assert answer.status_code == 400, path
        else:
            assert operation["security"] and {} not in operation["security"], path
            assert answer.status_code in {401, 404}, path
    assert "security" not in document


def test_each_route_of_an_export_has_one_media_type_and_its_type(
    document, api_as, alice
):
    TaskFactory(owner=alice)
    whole = document["paths"]["/api/v1/export"]["get"]["responses"]["200"]["content"]
    for name, media_type in {
        "json": "application/json",
        "csv": "text/csv",
        "ics": "text/calendar",
        "markdown": "text/markdown",
    }.items():
        path = f"/api/v1/export/{name}"
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        answer = api_as(alice).get(path)

        assert list(content) == [media_type]
        assert content[media_type] == whole[media_type]
        assert answer["Content-Type"].partition(";")[0] == media_type
        text = b"".join(answer.streaming_content).decode()
        value = json.loads(text) if name == "json" else text
        schema = content[media_type]["schema"]
        OAS31Validator({**schema, "components": document["components"]}).validate(value)
    # Generators that know one type for an operation take the first.
    assert list(whole)[-1] == "application/json"


# --- Problems -----------------------------------------------------------------


def test_the_document_is_valid(document):
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_documents_its_problems(document):
    for path, method, operation in operations(document):
        statuses = set(operation["responses"])

        assert {"429", "503"} <= statuses, (path, method)
        assert ("401" in statuses) or operation["security"] == [], (path, method)
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= statuses, (path, method)
        if "{user_id}" in path:
            assert "403" in statuses, (path, method)
        if "_id}" in path.replace("{user_id}", ""):
            assert "404" in statuses, (path, method)


def test_every_operation_that_honours_a_header_documents_it(document):
    for path, method, operation in operations(document):
        headers = {
            parameter["name"]
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "header"
        }
        statuses = set(operation["responses"])

        is_repeatable = method == "post" and "/auth/" not in path
        assert ("Idempotency-Key" in headers) == is_repeatable, (path, method)
        assert ("If-Match" in headers) == ("412" in statuses), (path, method)
        assert ("If-None-Match" in headers) == ("304" in statuses), (path, method)
        if is_repeatable:
            assert {"409", "422"} <= statuses, path


def test_every_refusal_has_an_example_of_its_own_status(document):
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            described = resolved(document, response)
            (media_type,) = described["content"]
            examples = described["content"][media_type]["examples"]
            assert examples, (path, method, status)
            for code, example in examples.items():
                value = example["value"]
                error = value.get("error", value)
                assert error["code"] == code
                assert value.get("status", int(status)) == int(status)
                is_plans = "plan" in operation["tags"]
                assert (media_type == "application/problem+json") != is_plans


def test_an_old_etag_is_rejected_where_the_document_says_so(document, api_as, alice):
    client = api_as(alice)
    task = client.post("/api/v1/tasks", {"title": "Buy milk"}).json()["id"]
    errands, work = (
        client.post("/api/v1/lists", {"name": name}).json()["id"]
        for name in ("Errands", "Work")
    )
    label = client.post("/api/v1/labels", {"name": "home"}).json()["id"]
    body = {"title": "x", "name": "x", "list": errands, "into": label}

    for path, method, operation in operations(document):
        if "412" not in operation["responses"]:
            continue
        ids = {"task_id": task, "list_id": errands, "label_id": label}
        answer = getattr(client, method)(
            path.format(user_id="me", **ids),
            {"before": work} if path.endswith("lists/{list_id}/move") else body,
            headers={"If-Match": '"v99"'},
        )
        assert answer.status_code == 412, (method, path)


def codes_of(document, path, method, status):
    response = document["paths"][path][method]["responses"][status]
    (media,) = resolved(document, response)["content"].values()
    return set(media["examples"])


def test_the_codes_of_a_refused_sign_in_and_deletion_are_described(document):
    sign_in = codes_of(document, "/api/v1/auth/token", "post", "403")
    deletion = codes_of(document, "/api/v1/users/me", "delete", "403")

    assert sign_in == {"email_not_verified", "mfa_required"}
    assert deletion == {"recent_sign_in_required", "permission_denied"}


def test_a_refusal_is_documented_with_its_actual_text(document, api_as, alice):
    client = api_as(alice)
    task = client.post("/api/v1/tasks", {"title": "Buy milk"}).json()["id"]
    path = "/api/v1/tasks/{task_id}/skip"
    response = document["paths"][path]["post"]["responses"]["409"]
    (media,) = resolved(document, response)["content"].values()

    refused = client.post(path.format(task_id=task))

    assert refused.json()["code"] == "not_repeating"
    assert refused.json() == media["examples"]["not_repeating"]["value"]


def test_an_import_during_another_change_is_documented(document):
    codes = codes_of(document, "/api/v1/import", "post", "409")

    assert codes == {"account_full", "import_clash", "idempotency_key_in_use"}


# --- Examples -----------------------------------------------------------------


def test_every_object_that_is_sent_has_an_example(document):
    without = set()
    for _, _, operation in operations(document):
        bodies = [operation.get("requestBody", {}).get("content", {})] + [
            resolved(document, response).get("content", {})
            for status, response in operation["responses"].items()
            if status < "400"
        ]
        for media in (media for content in bodies for media in content.values()):
            schema = media["schema"]
            for one in schema.get("anyOf", [schema.get("items", schema)]):
                if "$ref" in one and "examples" not in resolved(document, one):
                    without.add(one["$ref"].rpartition("/")[2])

    assert without <= {"ImportRequest"}  # a form with a file


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_fits_its_schema(document, name):
    schema = document["components"]["schemas"][name]
    # References are resolved in the document, so it encloses the schema.
    validator = OAS31Validator({**schema, "components": document["components"]})

    assert [error.message for error in validator.iter_errors(EXAMPLES[name])] == []


class Story:
    """Sends the examples in an order in which they are valid."""

    def __init__(self, client):
        self.client = client
        self.ids = {}  # of the examples, and what they are in truth

    def send(self, method, path, asked=None, answered=None):
        body = EXAMPLES[asked] if asked else None
        sent = json.loads(self._true(json.dumps([path, body])))
        response = getattr(self.client, method)(sent[0], sent[1])
        assert response.status_code in {200, 201}, (path, response.content)
        if answered:
            self.compare(EXAMPLES[answered], response.json())
        return response.json()

    def _true(self, text):
        for example, true in self.ids.items():
            text = text.replace(example, true)
        return text

    def compare(self, example, true, place=""):
        """Compare a response with its example: the same keys and types."""
        if example is None or true is None:
            return
        if place.endswith(("id", ".batch")):
            self.ids.setdefault(example, true)
        if isinstance(example, dict):
            assert example.keys() == true.keys(), place
            for key in example:
                self.compare(example[key], true[key], f"{place}.{key}")
        elif isinstance(example, list):
            for one, other in zip(example, true, strict=False):
                self.compare(one, other, place)
        else:
            assert type(example) is type(true), place


def test_the_service_takes_and_gives_what_the_examples_show(api_as, alice):
    story = Story(api_as(alice))
    work = story.client.post("/api/v1/lists", {"name": "Work"}).json()["id"]
    milk = story.client.post("/api/v1/tasks", {"title": "Buy milk"}).json()["id"]
    examples = import_string("todos.api.examples.WORK"), EXAMPLES["BulkRequest"]["ids"]
    story.ids = {examples[0]: work, examples[1][0]: milk}
    v1, errands = "/api/v1", f"/api/v1/lists/{EXAMPLES['List']['id']}"
    plants = f"{v1}/tasks/{EXAMPLES['Task']['id']}"
    milk = f"{v1}/tasks/{examples[1][0]}"

    story.send("post", f"{v1}/lists", "ListRequest", "List")
    story.send("post", f"{errands}/move", "ListMoveRequest", "List")
    story.send("get", f"{errands}?fields=name", None, "PartList")
    story.send("post", f"{v1}/labels", "LabelRequest", "Label")
    label = f"{v1}/labels/{EXAMPLES['Label']['id']}"
    story.send("patch", label, "PatchedLabelRequest", "Label")
    story.send("get", f"{v1}/labels", None, "LabelPage")
    yard = story.client.post(f"{v1}/labels", {"name": "yard"}).json()["id"]
    story.send("post", f"{v1}/labels/{yard}/merge", "LabelMergeRequest", "Label")
    story.send("post", f"{v1}/tasks", "TaskRequest", "Task")
    story.send("patch", plants, "PatchedTaskRequest", "Task")
    story.send("get", f"{v1}/tasks?page_size=1&ordering=-title", None, "TaskPage")
    story.send("get", f"{v1}/tasks?fields=title", None, "PartTaskPage")
    story.send("get", f"{plants}?fields=title", None, "PartTask")
    story.send("post", f"{plants}/complete", None, "CompletedTask")
    story.send("post", f"{milk}/move", "TaskMoveRequest", "Task")
    story.send("post", f"{v1}/tasks/quick", "QuickRequest", "QuickAnswer")
    story.send("patch", errands, "PatchedListRequest", "List")
    story.send("get", f"{v1}/lists", None, "ListPage")
    story.send("get", f"{v1}/lists?fields=name", None, "PartListPage")
    story.send("post", f"{v1}/tasks/bulk", "BulkRequest", "BulkChange")
    preview = f"{v1}/recurrence/preview"
    answer = story.send("post", preview, "PreviewQuestionRequest", "Preview")
    assert answer == EXAMPLES["Preview"]
    page = story.send("get", f"{milk}/changes?page_size=1", None, "ChangePage")
    assert page["results"][0]["after"] == {"due_date": "2027-02-28"}
    undone = story.send("post", f"{v1}/undo", "UndoRequest", "Undone")
    assert undone["changes"][0]["after"] == {"due_date": None}
    feed = story.send("get", f"{v1}/changes?page_size=1")
    assert feed.keys() == EXAMPLES["ChangeFeed"].keys()
    assert feed["results"][0].keys() == EXAMPLES["ChangeFeed"]["results"][0].keys()
    story.send("patch", f"{v1}/users/me", "PatchedUserRequest", "User")


def test_the_plans_routes_take_and_give_what_the_examples_show(api_as, alice):
    story = Story(api_as(alice))
    task = f"/api/me/tasks/{EXAMPLES['PlanTask']['id']}"

    story.send("post", "/api/me/tasks", "PlanTaskRequest", "PlanTask")
    story.send("put", task, "PatchedPlanTaskRequest", "PlanTask")
    story.send("patch", f"{task}/complete", "PatchedCompletionRequest", "PlanTask")


def test_an_import_reports_as_the_example_shows(api_as, alice):
    story = Story(api_as(alice))
    file = SimpleUploadedFile("tasks.csv", b"title,due\nBuy milk,soon\nRead,later\n")

    response = story.client.post(
        "/api/v1/import",
        {"file": file, "format": "csv", "dry_run": "true"},
        format="multipart",
    )

    assert response.json() == EXAMPLES["Report"]


def test_the_example_of_an_export_can_be_imported(api_as, alice):
    file = SimpleUploadedFile("export.json", json.dumps(EXAMPLES["Export"]).encode())

    response = api_as(alice).post(
        "/api/v1/import", {"file": file, "format": "json"}, format="multipart"
    )

    report = response.json()
    assert (report["errors"], report["notices"]) == ([], [])
    exported = api_as(alice).get("/api/v1/export/json")
    task = json.loads(b"".join(exported.streaming_content))["tasks"][0]
    assert task.keys() == EXAMPLES["Export"]["tasks"][0].keys()


def test_a_refused_import_is_what_the_example_shows(api_as, alice):
    file = SimpleUploadedFile("tasks.csv", b"title,priority\n,1\n")

    response = api_as(alice).post(
        "/api/v1/import", {"file": file, "format": "csv"}, format="multipart"
    )

    assert response.json() == EXAMPLES["ImportProblem"]


def test_an_undo_with_conflicting_changes_is_what_the_example_shows(api_as, alice):
    story = Story(api_as(alice))
    task = story.client.post("/api/v1/tasks", {"title": "Buy milk"}).json()["id"]
    feed = story.client.get("/api/v1/changes").json()["results"]
    story.client.patch(f"/api/v1/tasks/{task}", {"title": "Buy oat milk"})

    response = story.client.post("/api/v1/undo", {"change": feed[-1]["id"]})

    story.compare(EXAMPLES["UndoProblem"], response.json())


def test_a_registration_that_waits_for_a_mail_is_what_the_example_shows(
    api, db, settings
):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    response = api.post("/api/v1/auth/register", EXAMPLES["RegisterRequest"])

    assert (response.status_code, response.json()) == (202, EXAMPLES["Mailed"])


def test_accounts_take_and_give_what_the_examples_show(api, db):
    story = Story(api)
    asked = EXAMPLES["SignInRequest"]
    v1 = "/api/v1/auth"

    made = story.send("post", f"{v1}/register", "RegisterRequest", "Registered")
    story.send("post", f"{v1}/token", "SignInRequest", "TokenPair")
    refreshed = api.post(f"{v1}/token/refresh", {"refresh": made["refresh"]})
    story.compare(EXAMPLES["TokenPair"], refreshed.json())
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {refreshed.json()['access']}")
    changed = api.post(f"{v1}/password", EXAMPLES["PasswordChangeRequest"])

    assert asked["password"] != PASSWORD
    assert changed.status_code == 204
