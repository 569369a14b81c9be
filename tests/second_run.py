"""Run pytest, and again the tests that failed: `python -m tests.second_run ARGS …`.

Thousands of tests start servers, browsers and processes, and share a machine. One that
fails beside others and passes alone is **unstable**. It is named at the end of the run,
and has to be fixed like one that fails. But it does not fail the run, so that the rest
of the change is not held up.

There is no second run for what Ownlist exists for: a guarantee that holds only the
second time does not hold. Nor if many tests failed, which is not chance.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 10  # tests
# Parts of the names of files: isolation, attacks and the tables of who may do what.
GUARANTEES = ("isolation", "matrix", "row_security", "security")
TESTS_FAILED = 1  # the status of pytest
# Alone, in the order of the files, added to the figures of the first run.
SECOND = ("--last-failed", "--numprocesses=0", "--dist=no", "-p", "no:randomly")


def main(arguments: list[str]) -> int:
    """Return the status of the first run, or 0 if its failures did not happen again."""
    with tempfile.TemporaryDirectory(prefix="ownlist-suite-") as directory:
        command = [sys.executable, "-m", "pytest", *arguments]
        command += ["-o", f"cache_dir={directory}"]
        status = subprocess.run(command, check=False).returncode
        failed = failed_tests(Path(directory))
        if status != TESTS_FAILED or not may_run_again(failed):
            return status
        print(f"\n{len(failed)} failed, and run again alone:\n", flush=True)
        if any(one.startswith("--cov") for one in arguments):
            command.append("--cov-append")
        if status := subprocess.run([*command, *SECOND], check=False).returncode:
            return status
    report_unstable(failed)
    return 0


def failed_tests(directory: Path) -> list[str]:
    """Return the tests that failed, as pytest names them, from its cache."""
    try:
        text = (directory / "v" / "cache" / "lastfailed").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return sorted(json.loads(text))


def may_run_again(failed: list[str]) -> bool:
    """Whether these failures can be chance, and are none of a guarantee."""
    files = {one.partition("::")[0] for one in failed}
    guarantees = [one for one in files if any(part in one for part in GUARANTEES)]
    return 0 < len(failed) <= MOST and not guarantees


def report_unstable(failed: list[str]) -> None:
    """Name the tests, also in the summary of `make test`."""
    text = "".join(f"UNSTABLE, to be fixed: {one}\n" for one in failed)
    print(text)
    if path := os.environ.get("OWNLIST_TEST_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
