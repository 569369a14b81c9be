"""The WSGI environment of a request."""

from types import SimpleNamespace

from config.front.heads import Head


class Headers:
    """Headers like the server's: lower case, without values that are not ASCII."""

    def __init__(self, *fields):
        self._fields = fields

    def keys(self):
        return list(dict.fromkeys(name for name, _ in self._fields))

    def items(self):
        return [(name, value) for name, value in self._fields if value.isascii()]


def head_of(*fields, **scope):
    return Head(
        SimpleNamespace(
            **{
                "method": "GET",
                "path": "/",
                "query_string": "",
                "http_version": "1.1",
                "scheme": "http",
                "server": "127.0.0.1:8000",
                "client": "192.0.2.1:50000",
            }
            | scope,
            headers=Headers(*fields),
        )
    )


def test_names_headers_as_wsgi_does():
    environ = head_of(
        ("host", "lists.example.com"),
        ("content-type", "text/plain"),
        ("content-length", "5"),
        ("x-request-id", "one"),
    ).environ

    assert environ["HTTP_HOST"] == "lists.example.com"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["CONTENT_LENGTH"] == "5"
    assert environ["HTTP_X_REQUEST_ID"] == "one"
    assert "HTTP_CONTENT_LENGTH" not in environ


def test_the_path_is_decoded_as_latin_1():
    assert head_of(path="/é").environ["PATH_INFO"].encode("latin-1") == "/é".encode()


def test_addresses_lose_their_port_and_brackets():
    environ = head_of(client="[2001:db8::1]:50000", server="[::1]:8000").environ

    assert environ["REMOTE_ADDR"] == "2001:db8::1"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("::1", "8000")


def test_joins_repeated_headers():
    environ = head_of(
        ("accept", "text/html"),
        ("accept", "text/plain"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("content-length", "5"),
        ("content-length", "5"),
    ).environ

    assert environ["HTTP_ACCEPT"] == "text/html,text/plain"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_LENGTH"] == "5"


def test_headers_with_underscores_are_dropped():
    environ = head_of(("x_forwarded_proto", "https"), ("x_forwarded_for", "ü")).environ

    assert "HTTP_X_FORWARDED_PROTO" not in environ
    assert "HTTP_X_FORWARDED_FOR" not in environ


def test_a_header_that_is_not_ascii_is_empty():
    assert head_of(("host", "bücher.example")).environ["HTTP_HOST"] == ""


def test_reads_the_length_of_the_body():
    assert head_of().body_length == 0
    assert head_of(("content-length", "5")).body_length == 5
    assert head_of(("transfer-encoding", "chunked")).body_length is None


def test_the_size_includes_path_query_and_headers():
    head = head_of(("host", "a"), ("x-b", "cc"), path="/abc", query_string="q=1")

    assert head.size == len("/abcq=1hostax-bcc")


def test_is_reduced_to_what_a_refusal_needs():
    head = head_of(
        ("host", "lists.example.com"),
        ("x-forwarded-proto", "https"),
        ("accept", "x" * 5_000),
        ("cookie", "x" * 50_000),
        ("content-type", "x" * 50_000),
        path="/api/" + "x" * 10_000,
        query_string="x" * 10_000,
    )

    head.reduce()

    environ = head.environ
    assert environ["HTTP_HOST"] == "lists.example.com"
    assert environ["HTTP_X_FORWARDED_PROTO"] == "https"
    assert environ["PATH_INFO"].startswith("/api/")
    assert sum(len(str(value)) for value in environ.values()) < 1_000


def test_contains_nothing_of_the_process_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "s" * 64)

    assert "SECRET_KEY" not in head_of().environ
