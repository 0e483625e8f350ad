"""A real nginx in front of several gateways, set up as docs/scaling.md says."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import free_port

START_SECONDS = 10.0
PROGRAM = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")

LACKING = "" if PROGRAM else "no nginx here: install the Debian package nginx-light"
"""Why tests that need it cannot run, "" if they can."""

CONFIG = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    client_max_body_size 16m;
    map $http_upgrade $connection_header {{ default upgrade; "" ""; }}
    map $arg_sid $gateway {{ default all; {sids} }}
    upstream all {{ {servers} }}
    {upstreams}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://$gateway;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
            proxy_read_timeout 1h;
            proxy_buffering off;
        }}
    }}
}}
"""


@contextmanager
def running(folder: Path, gateways: Mapping[str, str]) -> Iterator[str]:
    """In front of gateways, whose `host:port` is given by name; yields its own `host:port`.

    Connections go to one after the other, requests of a long-polling session to the one it began
    with.
    """
    folder.mkdir(parents=True)
    port = free_port()
    config = CONFIG.format(
        folder=folder,
        port=port,
        sids=" ".join(f'"~^{name}\\." {name};' for name in gateways),
        servers=" ".join(f"server {address};" for address in gateways.values()),
        upstreams=" ".join(f"upstream {n} {{ server {a}; }}" for n, a in gateways.items()),
    )
    (folder / "nginx.conf").write_text(config)
    assert PROGRAM, LACKING
    process = subprocess.Popen([PROGRAM, "-p", folder, "-c", folder / "nginx.conf"])
    try:
        _await_port(process, port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    late = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < late:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nginx does not listen")
