"""Cells that no spreadsheet interprets as a formula.

A cell that begins like a formula is prefixed with an apostrophe. So is a cell that
begins with an apostrophe, so that reading removes exactly one.
"""

# Spreadsheets in some East Asian languages also accept the full-width forms.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
MARK = "'"


def guarded(text: str) -> str:
    """Return the text as a cell."""
    return MARK + text if text.startswith((MARK, *STARTS)) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell, whether it is guarded or not.

    Only an apostrophe that `guarded` would have added is removed: `'tis` in a file of
    another program stays as it is.
    """
    if cell[:1] == MARK and cell[1:].startswith((MARK, *STARTS)):
        return cell[1:]
    return cell
