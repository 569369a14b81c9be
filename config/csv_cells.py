"""Cells that no spreadsheet takes for a formula.

A cell that begins like a formula gets an apostrophe in front; so does one that begins
with an apostrophe, so that reading can take exactly one off again.
"""

# The wide forms count where a spreadsheet is set to some East Asian languages.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
MARK = "'"


def guarded(text: str) -> str:
    """Return the text as a cell."""
    return MARK + text if text.startswith((MARK, *STARTS)) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell, whether or not somebody guarded it.

    Only an apostrophe that `guarded` would have set is taken off: `'tis` in a file
    from elsewhere stays as it is.
    """
    is_guarded = cell.startswith(MARK) and cell[1:].startswith((MARK, *STARTS))
    return cell[1:] if is_guarded else cell
