"""The real nginx and Caddy with the files of `deploy/`, on free ports."""

import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks import processes
from tests.deploy import certificates, programs
from tests.deploy.instances import HOST
from tests.patience import PATIENCE, until

DEPLOY = Path(__file__).parents[2] / "deploy"

NGINX = """\
{user}
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/start.log;
events {{}}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/ownlist.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client received."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy with its ports."""

    name: str
    directory: Path
    pid: int
    https: int
    http: int
    context: ssl.SSLContext = field(repr=False)

    @contextmanager
    def connected(self, *, tls: bool = True) -> Iterator[http.client.HTTPConnection]:
        """Yield a connection that sends the public name of the service."""
        connection = http.client.HTTPConnection(HOST, timeout=PATIENCE)
        sender = socket.create_connection(
            ("127.0.0.1", self.https if tls else self.http), timeout=PATIENCE
        )
        if tls:
            sender = self.context.wrap_socket(sender, server_hostname=HOST)
        connection.sock = sender
        with closing(connection):
            yield connection

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        tls: bool = True,
    ) -> Answer:
        """Send one request on a connection of its own."""
        with self.connected(tls=tls) as connection:
            with suppress(OSError):
                # Of a refused body only a part is read; the answer has been sent.
                connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def logs(self) -> str:
        """Return everything that the proxy wrote into its logs."""
        paths = self.directory.glob("*.log")
        return "".join(path.read_text(errors="replace") for path in paths)


@contextmanager
def running(name: str, directory: Path, upstreams: list[int]) -> Iterator[Proxy]:
    """Run the proxy with our file, changed only in names of this machine."""
    ports = processes.free_port(), processes.free_port()
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    certificates.write(HOST, certificate, key)
    start = {"nginx": _nginx, "caddy": _caddy}[name]
    command = start(directory, upstreams, *ports)
    log = directory / "output.log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, env=environment, cwd=directory
        )
    try:
        context = ssl.create_default_context(cafile=certificate)
        proxy = Proxy(name, directory, process.pid, *ports, context)
        until(lambda: process.poll() is not None or _listens(proxy))
        assert process.poll() is None, proxy.logs()
        yield proxy
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(proxy: Proxy) -> bool:
    with suppress(OSError), proxy.connected():
        return True
    return False


def _nginx(directory: Path, upstreams: list[int], https: int, http: int) -> list[str]:
    site = _changed(
        DEPLOY / "nginx" / "ownlist.conf",
        {
            **_moved(upstreams),
            "listen 80;": f"listen 127.0.0.1:{http};",
            "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
            "listen [::]:80;": "",
            "listen [::]:443 ssl http2;": "",
            "/etc/ssl/lists.example.com.pem": f"{directory}/certificate.pem",
            "/etc/ssl/private/lists.example.com.key": f"{directory}/key.pem",
            "/var/log/nginx/": f"{directory}/",
        },
    )
    (directory / "ownlist.conf").write_text(site)
    # Root would give up its rights, and so the access to the folder of the test.
    user = "user root;" if os.geteuid() == 0 else ""
    main = directory / "nginx.conf"
    main.write_text(NGINX.format(directory=directory, user=user))
    log = directory / "start.log"
    return [
        str(programs.find("nginx")),
        "-e",
        str(log),
        "-p",
        str(directory),
        "-c",
        str(main),
    ]


def _caddy(directory: Path, upstreams: list[int], https: int, http: int) -> list[str]:
    site = _changed(
        DEPLOY / "caddy" / "Caddyfile",
        {
            **_moved(upstreams),
            "\n{\n": f"\n{{\nadmin off\nhttp_port {http}\nhttps_port {https}\n",
            "https://lists.example.com {": (
                "https://lists.example.com {\n"
                f"tls {directory}/certificate.pem {directory}/key.pem\n"
            ),
            "(ownlist) {": "(ownlist) {\nbind 127.0.0.1\n",
        },
    )
    path = directory / "Caddyfile"
    path.write_text(site)
    return [
        str(programs.find("caddy")),
        "run",
        "--config",
        str(path),
        "--adapter",
        "caddyfile",
    ]


def _moved(upstreams: list[int]) -> dict[str, str]:
    """Return the changes from the ports of the two instances to those of the test."""
    return {
        f"127.0.0.1:{8000 + number}": f"127.0.0.1:{port}"
        for number, port in enumerate(upstreams[:2])
    }


def _changed(path: Path, changes: dict[str, str]) -> str:
    text = path.read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{path.name} has no {old!r}"
        text = text.replace(old, new)
    return text
