"""An answer that needed nothing of the body leaves the connection good for the next.

Every row of the access matrix is asked with bodies that most answers don't need, over
one connection; after each, the same connection must carry one more request.
"""

import re
from collections import Counter
from itertools import product

import pytest

from tests.test_access_matrix import ADMIN, API, PAGES, PUBLIC, SOME_ID

SAMPLES = {
    r"<(uuid|str):(task_id|list_id|label_id|pk|user_id)>": SOME_ID,
    r"<path:object_id>": SOME_ID,
    r"<user_id:user_id>|<str:user_id>": "me",
    r"<str:token>": "no-such-token",
    r"\^confirm-email/\(.*\)/\$": "confirm-email/no-such-key/",
    r"\^password/reset/key/.*\$": "password/reset/key/0-no-such-key/",
    r"\^\(\?P<app_label>.*\$": "accounts/",
    r"\(\?P<url>\.\*\)\$": "no/such/page/",
}


def path_of(route):
    """Return a path of the route, to objects that don't exist."""
    for pattern, sample in SAMPLES.items():
        route = re.sub(pattern, sample, route)
    assert not re.search(r"[<>^$]", route), f"no sample for {route}"
    return f"/{route}"


def calls():
    """Return (method, path) for every row of the matrix, and for one method too many.

    And for files, and for what is not there.
    """
    rows = API + PAGES + PUBLIC + ADMIN
    found = {(row.method, path_of(row.route)) for row in rows}
    others = {path for _, path in found} | {"/static/css/base.css", "/no/such/page/"}
    return sorted(found | {("DELETE", path) for path in others})


@pytest.fixture(scope="module")
def owner(server):
    """The header of a token."""
    return server.register("alice")


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


@pytest.mark.parametrize("in_chunks", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize("size", [0, 100, 15_000, 100_000])
def test_no_answer_costs_the_next_request(server, owner, size, in_chunks):
    statuses = Counter()

    with server.connected() as connection:
        for headers, (method, path) in product(({}, owner), calls()):
            body = b"x" * size
            status = ask(connection, method, path, body, headers, in_chunks=in_chunks)
            statuses[status] += 1
            following = ask(connection, "GET", "/healthz", b"", {}, in_chunks=False)
            assert following == 200, f"after {method} {path}: {status}"

    assert statuses.keys() >= {200, 302, 400, 401, 403, 404, 405}
