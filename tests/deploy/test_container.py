"""The Dockerfile and compose.yaml, as far as they can be tried without an engine."""

import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import reverse

from deploy.container import pin
from tests import postgres
from tests.benchmarks import processes
from tests.deploy import dockerfile
from tests.patience import PATIENCE

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
    if not shutil.which("strip"):
        pytest.skip("no strip, which the build installs with binutils")
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
            address = f"http://127.0.0.1:{port}{reverse('api:schema')}"
            with urllib.request.urlopen(address, timeout=PATIENCE) as document:
                described = document.read()
    finally:
        os.chdir(ROOT)

    written = Path(image.moved("/etc/ownlist/env"))
    assert before.returncode == 1
    assert (health.returncode, health.stderr) == (0, "")
    assert forbidden.returncode != 0
    assert b"ownlist.export" in described or b"Export" in described
    assert written.stat().st_mode & 0o777 == 0o600
    assert {"SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"} <= set(
        re.findall(r"^(\w+)=.", written.read_text(), re.MULTILINE)
    )


# The limit for the whole image is 250 MB. Its base, Debian with Python, is not measured
# here. It had less than 130 MB in all its versions.
LAYERS_MAX = 120_000_000  # bytes


@needs_root
@pytest.mark.slow
def test_the_layers_above_the_base_are_small(image):
    unused = [
        path
        for name in ("pip", "tests", "contrib/gis/*", "providers/google")
        for path in (image.root / "opt").glob(f"**/{name}")
    ]

    print(f"The layers above the base: {image.size() / 1e6:.1f} MB")
    assert unused == []
    assert 80_000_000 < image.size() <= LAYERS_MAX


@needs_root
@pytest.mark.slow
def test_what_was_removed_from_packages_is_not_used(image):
    """Import every module of Ownlist, and the libraries that were stripped."""
    program = """
import pkgutil, importlib, django, uvloop, brotli, yaml
assert brotli.decompress(brotli.compress(b"x")) == b"x"
assert yaml.load("a: 1", Loader=yaml.CSafeLoader) == {"a": 1}
uvloop.new_event_loop().close()
django.setup()
for package in ("accounts", "config", "todos"):
    for module in pkgutil.walk_packages([package], f"{package}."):
        # An operator who uses Redis adds its client.
        if module.name != "config.cache_server":
            importlib.import_module(module.name)
from django.core.management import call_command
call_command("check")
call_command("spectacular", file="/dev/null")
"""
    tried = run(
        image,
        ["python", "-c", program],
        DJANGO_SETTINGS_MODULE="config.settings",
        OWNLIST_ENV_FILE="",
        DATABASE_URL="sqlite://:memory:",
        BETTER_AUTH_URL="https://auth.example.com",
        BETTER_AUTH_OIDC_CLIENT_ID="ownlist",
        BETTER_AUTH_OIDC_CLIENT_SECRET="s" * 32,
        **{
            name: name * 5
            for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY")
        },
    )

    # It may warn of static files, which are collected at the first start.
    assert tried.returncode == 0, tried.stderr


@needs_root
@pytest.mark.slow
def test_the_services_of_compose_start_in_their_order(image, tmp_path):
    services = compose()["services"]
    env_file = f"{image.moved('/etc/ownlist')}/composed"
    roles = Path(image.moved("/etc/ownlist-database"))
    host = {"OWNLIST_ENV_FILE": env_file}

    with postgres.server() as superuser:
        place = superuser.rpartition("@")[2].partition("/")[0]
        early = run(
            image,
            services["prepare"]["command"],
            POSTGRESQL_REQUIRED=services["prepare"]["environment"][
                "POSTGRESQL_REQUIRED"
            ],
            **host,
        )
        *first_start, folder, _ = services["secrets"]["command"]
        assert folder == "/etc/ownlist-database"
        made = run(image, [*first_start, str(roles), place], **host)
        assert made.returncode == 0, made.stderr
        again = run(image, [*first_start, str(roles), place], **host)
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute((roles / "roles.sql").read_text())
            can_restore = connection.execute(
                "SELECT rolcreatedb FROM pg_roles WHERE rolname = 'ownlist_owner'"
            ).fetchone()
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

    assert early.returncode != 0
    assert "POSTGRESQL_REQUIRED is on" in early.stderr
    assert "Wrote the passwords" in made.stdout, made.stderr
    assert "Wrote" not in again.stdout + again.stderr
    assert can_restore == (True,)
    assert prepared.returncode == 0, prepared.stderr
    assert "owns nothing" in prepared.stdout
    assert "W024" not in checked.stderr
    assert "W025" not in checked.stderr
    assert daily == [0] * 5


def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def test_compose_builds_its_image_once_and_never_downloads_it():
    services = compose()["services"]
    own = {name: one for name, one in services.items() if one["image"] == "ownlist"}

    assert [name for name, one in own.items() if "build" in one] == ["secrets"]
    assert {one["pull_policy"] for one in own.values()} == {"never"}


def name_of(volume):
    return volume.partition(":")[0] if isinstance(volume, str) else volume["source"]


def purges_of(command):
    return re.search(r"for purge in (.*); do", command[-1])[1].split()


def test_compose_runs_every_purge():
    purges = [name for name in get_commands() if name.startswith("purge_")]

    found = purges_of(compose()["services"]["daily"]["command"])

    assert sorted(found) == sorted(purges)


# A backup that tells when it has begun, and whether it could end by itself.
SLOW = """#!/bin/sh
trap 'echo ended > "$ENDED"; kill "$!"; exit 143' TERM
echo begun > "$BEGUN"
sleep 60 & wait
"""


def test_the_end_of_the_daily_service_ends_a_backup_cleanly(tmp_path):
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    os.mkfifo(begun)
    (tmp_path / "python").write_text(SLOW)
    (tmp_path / "python").chmod(0o755)
    paths = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [
        word.replace("$$", "$") for word in compose()["services"]["daily"]["command"]
    ]

    with subprocess.Popen(
        command, env=paths | {"BEGUN": str(begun), "ENDED": str(ended)}
    ) as service:
        begun.read_text()
        service.terminate()
        try:
            status = service.wait(timeout=PATIENCE)
        finally:
            service.kill()

    assert (status, ended.exists()) == (0, True)


def test_the_daily_service_removes_what_a_killed_backup_left():
    unit = (ROOT / "deploy/systemd/ownlist-backup.service").read_text("utf-8")

    removal = "find /var/lib/ownlist/backups -name '.ownlist-*.part' -mtime +1 -delete"
    assert removal in unit
    assert removal in compose()["services"]["daily"]["command"][-1]


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
        used = {name_of(volume) for volume in service["volumes"]}
        assert used <= document["volumes"].keys()
        assert set(service.get("depends_on", [])) <= document["services"].keys()


def test_only_one_image_decides_whose_a_volume_is():
    """Docker gives an empty volume the owner that its folder has in an image.

    It does so for every container when it is created, and all are created before the
    first one starts. The last image decides, unless it has `nocopy`.
    """
    filled_by: dict[str, set[str]] = {}
    for service in compose()["services"].values():
        for volume in service["volumes"]:
            if isinstance(volume, str) or not volume["volume"]["nocopy"]:
                filled_by.setdefault(name_of(volume), set()).add(service["image"])

    assert filled_by.keys() == compose()["volumes"].keys()
    assert all(len(images) == 1 for images in filled_by.values()), filled_by


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


# --- Digests ----------------------------------------------------------------------


def images():
    """Every image of the two files: its name with the tag, and its digest or None."""
    return [
        (found[2], found[3])
        for name in pin.FILES
        for found in pin.IMAGE.finditer((ROOT / name).read_text("utf-8"))
    ]


def test_the_files_name_the_same_images_by_exact_tags():
    tags = {name.partition(":")[2] for name, _ in images()}
    bases = dict(images())

    assert bases.keys() == {"python:3.13-slim-bookworm", "postgres:17-bookworm"}
    assert set(bases.items()) == set(images())  # one digest for each
    assert all(re.match(r"\d", tag) for tag in tags)
    froms = [a for n, a in dockerfile.instructions(DOCKERFILE) if n == "FROM"]
    assert {line.split()[0] for line in froms} == {"${PYTHON_IMAGE}"}


def test_the_images_are_pinned_by_digest():
    unpinned = {name for name, digest in images() if digest is None}
    if unpinned:
        pytest.xfail(
            f"Not pinned: {', '.join(sorted(unpinned))}. On a machine with Docker and"
            " a network, run: python3 deploy/container/pin.py"
        )


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A program in the place of Docker, which prints what a test says."""
    program = tmp_path / "engine"

    def that_prints(text):
        program.write_text(
            f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\n'
            f'[ "$1" = pull ] || echo "{text}"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("ENGINE", str(program))
        return tmp_path / "calls"

    return that_prints


@pytest.fixture
def copies(tmp_path):
    for name in pin.FILES:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_one_command_pins_every_image_again_and_again(engine, copies):
    for letter in "ab":
        calls = engine(f"registry/python@sha256:{letter * 64}")

        pin.main(copies)

        pinned = [(copies / name).read_text("utf-8") for name in pin.FILES]
        found = [one for text in pinned for one in pin.IMAGE.finditer(text)]
        assert len(found) == len(images()) == 3
        assert {one[3] for one in found} == {f"@sha256:{letter * 64}"}
    assert calls.read_text().count("pull --quiet python:3.13-slim-bookworm\n") == 2
    defaults = yaml.safe_load(pinned[1])["services"]["database"]["image"]
    assert defaults == f"${{POSTGRES_IMAGE:-postgres:17-bookworm@sha256:{'b' * 64}}}"


@pytest.mark.parametrize("told", ["", "<no value>", "python@sha256:abc", "python:3.13"])
def test_only_a_digest_is_written(engine, copies, told):
    engine(told)

    with pytest.raises(SystemExit, match="names no digest"):
        pin.main(copies)

    for name in pin.FILES:
        assert (copies / name).read_text() == (ROOT / name).read_text()
