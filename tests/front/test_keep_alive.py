"""A response that ignores the body leaves the connection usable.

Every row of the access matrix is requested with a body that most responses ignore, over
one connection. After each, the connection must carry another request. Routes don't
receive bodies, the front does; so each kind of body meets a part of the rows.
"""

import re
from collections import Counter
from itertools import product

import pytest
import urllib3

from tests.test_access_matrix import ADMIN, API, PAGES, PUBLIC, SOME_ID

SAMPLES = {
    r"<(user_id|str):user_id>": "me",
    r"<(str|slug):\w+>": "no-such-thing",
    r"<(uuid|path):\w+>": SOME_ID,
    r"<int:\w+>": "0",
    r"<purpose_of_user:\w+>": "add",
    r"<purpose_of_visitor:\w+>": "sign-in",
    r"\^confirm-email/\(.*\)/\$": "confirm-email/no-such-key/",
    r"\^password/reset/key/.*\$": "password/reset/key/0-no-such-key/",
    r"\^\(\?P<app_label>.*\$": "accounts/",
    r"\(\?P<url>\.\*\)\$": "no/such/page/",
}


def path_of(route):
    """Return a path of the route with ids of missing objects."""
    for pattern, sample in SAMPLES.items():
        route = re.sub(pattern, sample, route)
    assert not re.search(r"[<>^$]", route), f"no sample for {route}"
    return f"/{route}"


def calls():
    """Return (method, path) for every row of the matrix, and for a refused method.

    Also for static files and unknown paths.
    """
    rows = API + PAGES + PUBLIC + ADMIN
    found = {(row.method, path_of(row.route)) for row in rows}
    others = {path for _, path in found} | {"/static/css/base.css", "/no/such/page/"}
    return sorted(found | {("DELETE", path) for path in others})


def ask(connection, method, path, body, headers, *, in_chunks):
    """Send a request with a body and return the status of its answer."""
    halves = iter([body[:50], body[50:]] if body else [])
    connection.request(
        method,
        path,
        halves if in_chunks else body,
        {"Content-Type": "application/json"} | headers,
        encode_chunked=in_chunks,
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status


# (bytes, in chunks): chunked bodies are received differently.
BODIES = [
    (0, False),
    (100, False),
    (15_000, False),
    (100_000, False),
    (100, True),
    (100_000, True),
]


@pytest.mark.parametrize("kind", range(len(BODIES)), ids=map(str, BODIES))
def test_the_connection_is_reused_after_every_response(server, token, kind):
    size, in_chunks = BODIES[kind]
    asked = [*product(({}, token), calls())][kind :: len(BODIES)]
    statuses = Counter()

    with server.connected() as connection:
        for headers, (method, path) in asked:
            body = b"x" * size
            status = ask(connection, method, path, body, headers, in_chunks=in_chunks)
            statuses[status] += 1
            following = ask(connection, "GET", "/healthz", b"", {}, in_chunks=False)
            assert following == 200, f"after {method} {path}: {status}"

    # Which calls a body goes with changes with every new route.
    assert {200, 401, 404, 405} <= statuses.keys(), statuses


def test_urllib3_reuses_its_connection(server):
    """urllib3, which counts the connections that it opens."""
    with urllib3.HTTPConnectionPool("127.0.0.1", server.port, maxsize=1) as pool:
        for _ in range(20):
            refused = pool.urlopen("POST", "/api/v1/tasks", b"x" * 100_000)
            following = pool.request("GET", "/healthz")
            assert (refused.status, following.status) == (401, 200)

        assert pool.num_connections == 1
