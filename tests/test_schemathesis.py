"""Every operation of the OpenAPI document, called by schemathesis with all its checks.

The suite uses a few fixed examples of each. For more and random ones, set
OWNLIST_SCHEMATHESIS_EXAMPLES, for example to 200.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase
from hypothesis import settings as examples
from schemathesis.config import SchemathesisConfig
from werkzeug.test import Client

from accounts import tokens
from accounts.better_auth import keys, verifier
from tests.factories import TaskFactory, TaskListFactory

pytestmark = [pytest.mark.unmeasured, pytest.mark.slow]

MANY = os.environ.get("OWNLIST_SCHEMATHESIS_EXAMPLES", "")
CONFIG = Path(__file__).with_name("schemathesis.toml")
PHASES = (Phase.explicit, Phase.generate)  # without shrinking

handler = cache(WSGIHandler)


def application(environ, start_response):
    """Use the settings of production for the requests."""
    return handler()(environ, start_response)


def loaded(**phases):
    """Return the OpenAPI document with the application to call."""
    config = SchemathesisConfig.from_path(CONFIG)
    document = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.config.phases.coverage.enabled = bool(MANY) or phases.get("coverage", True)
    schema.app = application
    return schema


def some(number):
    """Return the number of examples: `number`, or that of the environment."""
    return examples(
        max_examples=int(MANY or number),
        derandomize=not MANY,
        database=None,
        deadline=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )


everything = loaded()
# The credentials differ only in their authentication class, so most run with one.
a_little = loaded(coverage=False)


@pytest.fixture(autouse=True)
def one_connection():
    """Keep the connection, and the test's transaction, from request to request."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (10**9, 60))


@pytest.fixture
def own_token(alice):
    """Create access tokens of Alice, who has a task and a list."""
    TaskFactory(owner=alice)
    TaskListFactory(owner=alice)

    def token():
        alice.refresh_from_db()  # a request may have ended all her credentials
        return tokens.start_family(user=alice, at=timezone.now()).access

    return token


@pytest.fixture
def better_auth_token(db, better_auth, settings):
    """A token of a user of a real Better Auth server, valid for 15 minutes."""
    keys.forget_keys()
    verifier.forget_tokens()
    settings.BETTER_AUTH_ISSUERS = json.dumps([{"url": better_auth.url}])
    token = better_auth.token(better_auth.sign_up())
    # Not with Django's client, which would connect these signals again.
    me = Client(application).get("/api/v1/users/me", headers=bearer(token))
    assert me.status_code == 200
    return token


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@everything.parametrize()
@some(3)
def test_answers_as_the_document_says_by_our_own_token(case, own_token):
    case.call_and_validate(headers=bearer(own_token()))


@a_little.parametrize()
@some(2)
def test_answers_as_the_document_says_by_a_token_of_better_auth(
    case, better_auth_token
):
    case.call_and_validate(headers=bearer(better_auth_token))


@pytest.mark.django_db(transaction=True)
def test_chains_of_calls_answer_as_the_document_says(own_token, live_server):
    """Later calls read, change and delete what earlier ones created.

    Runs schemathesis itself, which can repeat such a chain with new ids.
    """
    options = [
        "--phases=stateful",
        f"--max-examples={200 if MANY else 30}",
        "--checks=all",
    ]
    if not MANY:
        options.append("--seed=1")
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-c",
                "from schemathesis.cli import schemathesis as run; run()",
            ),
            *(f"--config-file={CONFIG}", "--no-color", "run"),
            *(f"{live_server.url}/api/schema", "--header"),
            *(f"Authorization: Bearer {own_token()}", *options),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "Stateful" in done.stdout
