"""The page of the keys shows what each key does."""

import re


def test_shows_the_keys(page_as, alice):
    text = page_as(alice).get("/keys/").content.decode()

    assert "Undo the last change" in text
    assert re.search(r"<kbd>G</kbd>\s*<span[^>]*>then</span>\s*<kbd>T</kbd>", text)
