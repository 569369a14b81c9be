"""Print the scores that Lighthouse gives to pages: `make lighthouse`.

Runs the server as it is deployed, with an account of 50 tasks for today. Fails if a
score is under 100. `--mobile` simulates a slow phone, as Lighthouse does by default.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import chromium
from tests.browser.sample import Sample, fill
from tests.plugins.browser import QUIET
from tests.served import serving

PROGRAM = Path(__file__).parent / "node_modules/lighthouse/cli/index.js"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TRIES = 3  # a busy machine slows a page down, so the best of these counts


def main(arguments: list[str]) -> int:
    """Measure and print each page, and return 1 if a score is under 100."""
    parser = argparse.ArgumentParser(prog="python -m tests.lighthouse")
    parser.add_argument("--mobile", action="store_true", help="simulate a slow phone")
    options = parser.parse_args(arguments)
    print(f"{'':12}" + "".join(f"{name:>16}" for name in CATEGORIES))
    lowest = 100
    with (
        tempfile.TemporaryDirectory(prefix="ownlist-lighthouse-") as directory,
        serving(Path(directory), DJANGO_SETTINGS_MODULE="config.settings") as server,
    ):
        site = f"http://127.0.0.1:{server.port}"
        for name, path, headers in _pages(fill(server)):
            scores, problems = best(site + path, headers, is_mobile=options.mobile)
            figures = "".join(f"{scores[each]:16}" for each in CATEGORIES)
            print(f"{name:12}{figures}", *problems, sep="\n  ", flush=True)
            lowest = min(lowest, *scores.values())
    return 0 if lowest == 100 else 1


def _pages(sample: Sample) -> list[tuple[str, str, dict[str, str]]]:
    """Return name, path and headers of each page."""
    session = {"Cookie": "=".join(sample.cookie)}
    return [
        ("sign-in", "/accounts/login/", {}),
        ("Today", sample.today, session),
        ("list", sample.a_list, session),
        ("details", sample.details, session),
    ]


def best(
    url: str, headers: dict[str, str], *, is_mobile: bool
) -> tuple[dict[str, int], list[str]]:
    """Return the best scores of a few tries, and what is wrong in the last of them."""
    scores = dict.fromkeys(CATEGORIES, 0)
    problems: list[str] = []
    for _ in range(TRIES):
        report = measure(url, headers, is_mobile=is_mobile)
        if report is None:
            problems = ["Lighthouse could not measure the page"]
            continue
        for name in CATEGORIES:
            scores[name] = max(scores[name], _score(report, name))
        problems = _problems(report)
        if min(scores.values()) == 100:
            return scores, []
    return scores, problems


def _score(report: dict[str, Any], category: str) -> int:
    return round(100 * (report["categories"][category]["score"] or 0))


def _problems(report: dict[str, Any]) -> list[str]:
    """Return the audits that took something from a score."""
    return sorted(
        f"{audit['id']}: {audit['title']} {audit.get('displayValue', '')}".rstrip()
        for category in report["categories"].values()
        for reference in category["auditRefs"]
        for audit in [report["audits"][reference["id"]]]
        if reference["weight"] and audit["score"] is not None and audit["score"] < 1
    )


def measure(
    url: str, headers: dict[str, str], *, is_mobile: bool
) -> dict[str, Any] | None:
    """Return Lighthouse's report about a page, or None if it failed."""
    flags = ["--headless=new", *QUIET, *(["--no-sandbox"] if not os.geteuid() else [])]
    command = [
        "node",
        str(PROGRAM),
        url,
        "--quiet",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={json.dumps(headers)}",
        f"--chrome-flags={' '.join(flags)}",
        *([] if is_mobile else ["--preset=desktop"]),
    ]
    environment = os.environ | {"CHROME_PATH": chromium.find() or ""}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


if __name__ == "__main__":
    if not PROGRAM.is_file():
        sys.exit("Lighthouse is not installed: make lighthouse")
    if not chromium.find():
        sys.exit(chromium.HELP)
    sys.exit(main(sys.argv[1:]))
