"""Ask every route in three set-ups, and write `docs/isolation.md`: `make isolation`.

`python -m tests.isolation --tables` only writes what the tables of the access matrix
say, after a row was added. It keeps the figures of the last run only while they are
those of as many requests as a run makes now.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import django

from tests.isolation.answers import VARIABLE, Asked, noted

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "isolation.md"
TESTS = ["tests/test_access_matrix.py", "tests/test_token_matrix.py"]
POSTGRESQL = ["-m", "tests.postgres", "--", sys.executable]
SET_UPS = {
    "SQLite": ([], {}),
    "PostgreSQL, row-level security on": (POSTGRESQL, {}),
    "PostgreSQL, row-level security off": (
        POSTGRESQL,
        {"OWNLIST_TEST_ROW_SECURITY": "off"},
    ),
}


def ask(name: str, file: Path) -> None:
    """Run the tests in a set-up, with their answers in `file`."""
    before, environ = SET_UPS[name]
    command = [sys.executable, *before, "-m", "pytest", "--quiet", "-n2", *TESTS]
    kept = {k: v for k, v in os.environ.items() if k != "TEST_DATABASE_URL"}
    print(f"Asking every route: {name}", flush=True)
    done = subprocess.run(
        command, cwd=ROOT, env=kept | environ | {VARIABLE: str(file)}, check=False
    )
    if done.returncode:
        sys.exit(f"{name}: an answer differs from the tables; see above")


def main(folder: Path) -> None:
    """Write the page from the files in `folder`; what is missing is asked first."""
    from tests.isolation.document import document, from_the_tables

    expected = from_the_tables()
    result: list[str] = []
    answers: dict[Asked, int] = {}
    for number, name in enumerate(SET_UPS):
        file = folder / f"{number}.jsonl"
        if not file.exists():
            ask(name, file)
        answers = dict(noted(file))
        if missing := expected.keys() - answers.keys():
            sys.exit(f"{name}: {len(missing)} answers are missing: {min(missing)}")
        counts = Counter(
            status == expected.get(asked, status) for asked, status in noted(file)
        )
        cells = [name, f"{counts.total():,}", f"{counts[True]:,}", f"{counts[False]:,}"]
        result.append(f"| {' | '.join(cells)} |")
    listed: dict[Asked, int] = {asked: answers[asked] for asked in expected}
    PAGE.write_text(document(listed, result), encoding="utf-8")
    print(f"Wrote {PAGE.relative_to(ROOT)}")


def write_the_tables() -> None:
    """Write the page from the tables, with the result that it has."""
    from tests.isolation.document import (
        document,
        from_the_tables,
        requests_of_a_run,
        result_of,
    )

    result = result_of(PAGE.read_text("utf-8")) if PAGE.exists() else []
    if not all(f" | {requests_of_a_run():,} | " in row for row in result):
        result = []
    unasked = [f"| {name} | not asked yet | – | – |" for name in SET_UPS]
    PAGE.write_text(document(from_the_tables(), result or unasked), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    if sys.argv[1:] == ["--tables"]:
        write_the_tables()
    elif sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as name:
            main(Path(name))
