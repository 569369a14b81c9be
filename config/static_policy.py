"""The policy of static files."""

from wsgiref.headers import Headers


def add_policy(headers: Headers, path: str, url: str) -> None:
    """Allow nothing to a file that is opened as a page.

    The policy of the pages would be longer than many of the files.
    """
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
