"""The processes of one Pi: mongod, Redis, gateways on Unix sockets, nginx in front of them."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import engines, proc
from bench.server import HOST, SETTINGS, data_folder
from tests.support.processes import free_port
from tests.support.server import start

NGINX = """
daemon off; user root; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 10000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream pipit {{ {servers} }}
    server {{
        listen {host}:{port} backlog=4096;
        location / {{
            proxy_pass http://pipit;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 120s;
        }}
    }}
}}
"""
"""Without TLS, which the load client does not speak."""


@dataclass(frozen=True)
class Part:
    """A process, and whether one thread does its work."""

    name: str
    pid: int
    one_core: bool

    @property
    def cpu_seconds(self) -> float:
        """What it has used, with its children."""
        return sum(map(proc.cpu_seconds, (self.pid, *proc.children(self.pid))))


@contextmanager
def one_pi(gateways: int) -> Iterator[tuple[list[Part], tuple[str, int]]]:
    """All of them, running, and the address to connect to."""
    with ExitStack() as running:
        mongod = running.enter_context(engines.mongodb())
        redis = running.enter_context(engines.redis())
        sockets = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="pipit-online-")))
        parts = [Part("mongod", mongod.pid, False), Part("redis", redis.pid, True)]
        with proc.on_core(proc.SERVER_CORE):
            parts += _gateways(running, gateways, sockets, mongod.settings | redis.settings)
            nginx, address = _nginx(running, sockets)
        yield [*parts, Part("nginx", nginx, True)], address


def _gateways(
    running: ExitStack, many: int, sockets: Path, engines: dict[str, object]
) -> Iterator[Part]:
    folder = running.enter_context(data_folder())
    for name in (f"gateway-{number}" for number in range(1, many + 1)):
        own: dict[str, object] = {"server_socket": sockets / f"{name}.sock"}
        if many > 1:
            own |= {"cluster_enabled": True, "cluster_name": name, "log_name": f"{name}.log"}
        server = start(folder, **SETTINGS | engines | own)
        running.callback(server.stop)
        yield Part(name, server.process.pid, True)


def _nginx(running: ExitStack, folder: Path) -> tuple[int, tuple[str, int]]:
    port = free_port()
    config = folder / "nginx.conf"
    servers = " ".join(f"server unix:{socket};" for socket in sorted(folder.glob("*.sock")))
    config.write_text(NGINX.format(folder=folder, servers=servers, host=HOST, port=port))
    process = subprocess.Popen(["nginx", "-p", folder, "-c", config, "-e", folder / "error.log"])
    running.callback(process.wait)
    running.callback(process.terminate)
    while not proc.children(process.pid):
        if process.poll() is not None:
            raise RuntimeError("nginx ended at once: " + (folder / "error.log").read_text())
        time.sleep(0.05)
    return process.pid, (HOST, port)
