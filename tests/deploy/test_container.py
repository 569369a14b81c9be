"""The Dockerfile and compose.yaml, as far as they can be tried without an engine."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from tests import postgres
from tests.benchmarks import processes
from tests.deploy import dockerfile

ROOT = Path(settings.BASE_DIR)
DOCKERFILE = ROOT / "Dockerfile"

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("runuser"),
    reason="needs root and runuser, to become an unprivileged user",
)


@pytest.fixture(scope="module")
def image():
    """The result of all instructions of the Dockerfile, with read-only code."""
    python = dockerfile.accessible_python()
    if python is None:
        pytest.skip("no Python 3.11 with venv and pip that other users can start")
    root = Path(tempfile.mkdtemp(prefix="ownlist-image-"))
    root.chmod(0o755)
    try:
        (root / "bin").mkdir()
        (root / "bin" / "python").symlink_to(python)
        made = dockerfile.Image(root, python)
        try:
            made.build(DOCKERFILE)
        except subprocess.CalledProcessError as error:
            if "requirements.txt" in str(error.cmd):
                pytest.skip("the packages could not be downloaded")
            raise
        made.protect()
        yield made
    finally:
        shutil.rmtree(root)


def run(image, command, **environment):
    return subprocess.run(
        image.arguments(command, **environment),
        cwd=image.working_folder,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_root
@pytest.mark.slow
def test_the_image_serves_from_a_read_only_tree(image, tmp_path):
    port = processes.free_port()
    here = {"PORT": str(port), "HOST": "127.0.0.1", "WORKERS": "1"}
    before = run(image, image.health, **here)

    os.chdir(image.working_folder)
    try:
        command = image.arguments(image.command, **here)
        with processes.serving(
            command, port=port, environment=dict(os.environ), log=tmp_path / "log"
        ):
            health = run(image, image.health, **here)
            forbidden = run(image, ["touch", "manage.py"])
    finally:
        os.chdir(ROOT)

    written = Path(image.moved("/etc/ownlist/env"))
    assert before.returncode == 1
    assert (health.returncode, health.stderr) == (0, "")
    assert forbidden.returncode != 0
    assert written.stat().st_mode & 0o777 == 0o600
    assert {"SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"} <= set(
        re.findall(r"^(\w+)=.", written.read_text(), re.MULTILINE)
    )


@needs_root
@pytest.mark.slow
def test_the_services_of_compose_start_in_their_order(image, tmp_path):
    services = compose()["services"]
    env_file = f"{image.moved('/etc/ownlist')}/composed"
    roles = Path(image.moved("/etc/ownlist-database"))
    host = {"OWNLIST_ENV_FILE": env_file}

    with postgres.server() as superuser:
        place = superuser.rpartition("@")[2].partition("/")[0]
        *first_start, folder, _ = services["secrets"]["command"]
        assert folder == "/etc/ownlist-database"
        made = run(image, [*first_start, str(roles), place], **host)
        assert made.returncode == 0, made.stderr
        again = run(image, [*first_start, str(roles), place], **host)
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute((roles / "roles.sql").read_text())
        prepared = run(image, services["prepare"]["command"], **host)
        checked = run(
            image,
            ["python", "manage.py", "check", "--deploy", "--database", "default"],
            **host,
        )
        daily = [
            run(image, ["python", "manage.py", command], **host).returncode
            for command in ["backup", *purges_of(services["daily"]["command"])]
        ]

    assert "Wrote the passwords" in made.stdout, made.stderr
    assert "Wrote" not in again.stdout + again.stderr
    assert prepared.returncode == 0, prepared.stderr
    assert "owns nothing" in prepared.stdout
    assert "W024" not in checked.stderr
    assert "W025" not in checked.stderr
    assert daily == [0] * 5


def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def purges_of(command):
    return re.search(r"for purge in (.*); do", command[-1])[1].split()


def test_compose_runs_every_purge():
    purges = [name for name in get_commands() if name.startswith("purge_")]

    found = purges_of(compose()["services"]["daily"]["command"])

    assert sorted(found) == sorted(purges)


def test_every_service_of_compose_is_closed():
    for name, service in compose()["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")
        if name != "database":
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name


def test_compose_names_volumes_and_services_that_exist():
    document = compose()
    for service in document["services"].values():
        used = {volume.partition(":")[0] for volume in service["volumes"]}
        assert used <= document["volumes"].keys()
        assert set(service.get("depends_on", [])) <= document["services"].keys()


def test_the_image_does_not_run_as_root():
    users = [
        arguments
        for name, arguments in dockerfile.instructions(DOCKERFILE)
        if name == "USER"
    ]

    assert users == ["10001:10001"]


def test_the_image_gets_only_what_it_needs():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {
        source.rstrip("/")
        for name, arguments in dockerfile.instructions(DOCKERFILE)
        if name == "COPY" and not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    }

    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
