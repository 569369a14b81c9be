import re

import pytest
from django.urls import reverse

from config.api.reference import sections, type_words

ANSWER = {"200": {"description": "Done."}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLength": 20000}, "text, at most 20,000"),
        ({"type": ["string", "null"], "format": "date"}, "date or null"),
        ({"type": "integer", "minimum": 1, "maximum": 4}, "integer 1 to 4"),
        ({"type": "array", "items": {"type": "string"}}, "array of text"),
        ({"$ref": "#/components/schemas/TaskRequest"}, "Task"),
        ({"enum": ["a", None]}, "one of a, null"),
        ({"const": 1}, "1"),
        (
            {"oneOf": [{"$ref": "#/components/schemas/Task"}, {"type": "null"}]},
            "Task or null",
        ),
        ({}, "anything"),
    ],
)
def test_shows_examples_of_values(schema, words):
    assert type_words(schema) == words


def test_shows_the_route_match_next_to_the_shorter_path():
    operation = {"operationId": "x", "tags": ["tasks"], "responses": ANSWER}
    paths = {
        "/api/v1/tasks": {"get": operation},
        "/api/v1/users/{user_id}/tasks": {"get": operation},
    }

    (section,) = sections({"paths": paths})

    (found,) = section.operations
    assert found.path == "/api/v1/tasks"
    assert found.also == ["/api/v1/users/{user_id}/tasks"]


def test_shows_the_three_routes_of_the_plan_as_one():
    operation = {"operationId": "x", "tags": ["plan"], "responses": ANSWER}
    paths = [
        "/api/{user_id}/tasks/{task_id}",
        "/api/users/{user_id}/tasks/{task_id}",
        "/api/tasks/{task_id}",
    ]

    (section,) = sections({"paths": {path: {"get": operation} for path in paths}})

    (found,) = section.operations
    assert found.path == "/api/tasks/{task_id}"
    assert found.also == paths[:2]


def test_is_public(client, db):
    response = client.get(reverse("api:docs"))

    page = response.content.decode()
    assert response.status_code == 200
    assert 'id="tasks_create"' in page
    assert 'href="#object-Task"' in page


def test_every_wide_table_can_be_scrolled_by_keyboard(client, db):
    page = client.get("/api/docs").text
    frames = re.findall('<div class="table-scroll"[^>]*>', page)
    names = [re.search('tabindex="0" .*aria-label="(.+?)"', one)[1] for one in frames]

    assert len(names) == len(set(names)) > 100


def test_every_link_within_the_page_has_a_target(client, db):
    page = client.get(reverse("api:docs")).text

    named = set(re.findall(r' id="([^"]+)"', page))
    linked = set(re.findall(r'href="#([^"]+)"', page))

    assert linked - named == set()


def test_shows_the_full_description_of_an_operation():
    operation = {
        "operationId": "x",
        "tags": ["tasks"],
        "summary": "Create a task",
        "description": "What is left out takes its default.",
        "responses": ANSWER,
    }

    ((found,),) = (
        section.operations
        for section in sections({"paths": {"/x": {"post": operation}}})
    )

    assert found.description == "Create a task. What is left out takes its default."
