"""The FastAPI services serve the plan's task, and both serve the same."""

import json
import os
import subprocess
from functools import cache

import pytest

from tests.benchmarks.services import PEER_MODULES, PEERS_PYTHON
from todos.api.plan.serializers import PlanTaskSerializer

pytestmark = pytest.mark.skipif(
    not PEERS_PYTHON.exists(), reason="`make bench` installs the FastAPI services"
)

# What the services know of the plan's routes, by path and method.
MEASURED = {
    ("/api/{user_id}/tasks", "get"),
    ("/api/{user_id}/tasks", "post"),
    ("/api/{user_id}/tasks/{task_id}", "get"),
    ("/api/{user_id}/tasks/{task_id}/complete", "patch"),
}


@cache
def document_of(service):
    """Return the OpenAPI document of a service, for which it needs no database."""
    module, _, name = PEER_MODULES[service].partition(":")
    program = f"import json, {module} as m; print(json.dumps(m.{name}.openapi()))"
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "JWT_SIGNING_KEY": "not used here",
        "BASE_URL": "http://127.0.0.1",
    }
    done = subprocess.run(
        [PEERS_PYTHON, "-c", program],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("service", PEER_MODULES)
def test_serves_the_measured_routes(service):
    found = {
        (path, method)
        for path, methods in document_of(service)["paths"].items()
        for method in methods
    }

    assert found == MEASURED | {("/healthz", "get")}


@pytest.mark.parametrize("service", PEER_MODULES)
def test_answers_with_the_fields_of_the_plans_task(service):
    document = document_of(service)

    answer = document["components"]["schemas"]["TaskRead"]["properties"]

    assert set(answer) == {
        *("id", "user_id", "title", "description", "completed", "priority"),
        *("due_date", "tags", "created_at", "updated_at"),
    }
    assert set(answer) <= set(PlanTaskSerializer().fields)
    assert answer["tags"]["type"] == "array"


def test_both_serve_the_same():
    one, other = map(document_of, PEER_MODULES)

    assert one["components"] == other["components"]
    assert one["paths"] == other["paths"]
