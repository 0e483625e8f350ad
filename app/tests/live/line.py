"""The way to a server: a proxy for TCP that can be cut, as a network can."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.server import Server


class Line:
    """The way to a server, which can be cut: a proxy for TCP."""

    def __init__(self, server: Server) -> None:
        self.url = ""
        self.deaf = False
        """Whether what the server says is swallowed."""
        self._host, self._port = urlsplit(server.url).netloc.split(":")
        self._writers: set[asyncio.StreamWriter] = set()
        self._up = True

    def cut(self) -> None:
        """Ends all connections; new ones end at once until `mend`."""
        self._up = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._up, self.deaf = True, False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, int(self._port))
        self._writers |= {writer, far_writer}
        await asyncio.gather(
            self._pass(reader, far_writer, back=False), self._pass(far_reader, writer, back=True)
        )
        self._writers -= {writer, far_writer}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: bool
    ) -> None:
        try:
            while piece := await reader.read(1 << 16):
                if not (back and self.deaf):
                    writer.write(piece)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def line(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Line]:
    """A way to a server; with `tls`, which holds a certificate, it is encrypted."""
    way = Line(server)
    listener = await asyncio.start_server(way.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    way.url = f"{scheme}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield way
    finally:
        way.cut()
        listener.close()
        await listener.wait_closed()
