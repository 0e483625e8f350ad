"""The Python SDK over TLS, with a certificate that only its user knows."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from pipit.sdk import Client, ConnectionLost, Options
from tests.live.line import line
from tests.live.people import unique
from tests.support.server import Server

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="the program openssl, which makes a certificate, is missing",
)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a fresh certificate for 127.0.0.1; beside it key.pem."""
    path = tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
        " -subj /CN=pipit -addext subjectAltName=IP:127.0.0.1"
        f" -keyout {tmp_path / 'key.pem'} -out {path}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return path


async def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(
    server: Server, certificate: Path
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    async with line(server, tls) as way:
        async with Client(way.url, Options(ca_file=certificate)) as ann:
            await ann.sign_up(unique("ann"), "secret123")
            file = await ann.upload(b"Hello")
            assert await ann.download(file.url) == b"Hello"
        with pytest.raises(ConnectionLost, match="certificate verify failed"):
            await Client(way.url).__aenter__()
