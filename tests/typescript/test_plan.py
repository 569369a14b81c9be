"""Front ends of the three shapes of the plan's routes run against the real server."""

import shutil
from pathlib import Path

import pytest

from tests.factories import TaskFactory
from tests.typescript.test_client import EXAMPLE, NODE_MODULES, command, node

pytestmark = pytest.mark.slow

SEEN = (
    "201 pending monthly 1 2027-02-10T08:30:00.000Z true"  # created
    " Call mum Pay rent 2"  # listed in pages, newest first
    " 200 Pay the rent true monthly"  # sent back with another title
    " true false"  # completed, reopened
    " 422 true 403"  # an unknown parameter, a stranger's tasks
    " 204 204 404"  # deleted
)


@pytest.fixture
def front_ends(tmp_path):
    """A folder with the front ends, compiled as strictly as the documented client."""
    shutil.copy(Path(__file__).parent / "plan.ts", tmp_path)
    options = (EXAMPLE / "tsconfig.json").read_text().replace("tasks.ts", "plan.ts")
    (tmp_path / "tsconfig.json").write_text(options)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    status, said = node(*command("$ npx tsc"), cwd=tmp_path)
    assert status == 0, said
    return tmp_path


@pytest.mark.django_db(transaction=True)
def test_every_front_end_keeps_a_task_through_its_life(
    front_ends, live_server, api_as, alice, bob
):
    TaskFactory(owner=bob, title="Not hers")
    bearer = api_as(alice)._credentials["HTTP_AUTHORIZATION"]

    status, said = node(
        "plan.js",
        cwd=front_ends,
        OWNLIST_URL=live_server.url,
        OWNLIST_TOKEN=bearer.removeprefix("Bearer "),
        OWNLIST_USER=str(alice.pk),
        OWNLIST_STRANGER=str(bob.pk),
    )

    assert status == 0, said
    assert said.splitlines() == [
        f"{name}: {SEEN}"
        for name in (
            "snake case, id in the route",
            "camel case, no id",
            "a board, id below users",
        )
    ]
