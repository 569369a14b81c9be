"""A request without a connection, for tests of `config.front`."""

from types import SimpleNamespace


class Request:
    """A request as the server hands it over, and the response."""

    def __init__(self, path, headers=None, http_version="1.1"):
        self.scope = SimpleNamespace(
            http_version=http_version,
            server="127.0.0.1:8000",
            client="127.0.0.1:9",
            scheme="http",
            method="GET",
            path=path,
            query_string="",
            headers=headers or {},
        )
        self.status = None
        self.answered = lambda: None  # called with the response

    async def __call__(self):
        return b""

    def __aiter__(self):
        return self

    async def __anext__(self):
        return b""  # the end of the body

    def response_bytes(self, status, headers, body):
        self.status = status
        self.answered()
