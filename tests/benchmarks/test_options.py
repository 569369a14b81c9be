"""The usual options can be measured."""

import pytest

from tests.benchmarks.__main__ import parse


@pytest.mark.parametrize("arguments", [[], ["--quick"], ["--database", "sqlite"]])
def test_the_defaults_are_accepted(arguments):
    options = parse(arguments)

    assert options.tasks >= options.users


def test_more_requests_than_tasks_are_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["--requests", "100000"])

    assert "use more users and tasks" in capsys.readouterr().err
