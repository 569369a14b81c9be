"""The preparation before the start of the server."""

import os
import signal
import subprocess
import sys

from django.conf import settings

ENDED_BY_SIGTERM = """
import os, signal
from config import launch

launch._prepare = lambda **_: os.kill(os.getpid(), signal.SIGTERM)
launch.main("prepare")
"""


def test_ends_by_sigterm_as_the_first_process_of_a_container(tmp_path):
    """The system ignores the signal there unless the program handles it."""
    ended = subprocess.run(
        [sys.executable, "-c", ENDED_BY_SIGTERM],
        cwd=settings.BASE_DIR,
        env=os.environ | {"OWNLIST_ENV_FILE": str(tmp_path / "env")},
        capture_output=True,
        text=True,
        check=False,
    )

    # A process that does not handle it has the negative number.
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr
