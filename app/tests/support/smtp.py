"""A mail server for tests: takes every mail and keeps it (RFC 5321, as much as a sender needs)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message

PATIENCE = 10.0
"""Seconds to wait for a mail: so many that a busy machine fails no test."""


@asynccontextmanager
async def mail_server() -> AsyncIterator["MailServer"]:
    """A running mail server; `port` tells where on 127.0.0.1."""
    mails = MailServer()
    listener = await asyncio.start_server(mails.serve, "127.0.0.1", 0)
    async with listener:
        mails.port = listener.sockets[0].getsockname()[1]
        yield mails


class MailServer:
    """The mails that came in and were not taken yet."""

    def __init__(self) -> None:
        self.port = 0
        self.waiting: asyncio.Queue[Message] = asyncio.Queue()

    async def next(self) -> Message:
        """The first mail, waited for."""
        async with asyncio.timeout(PATIENCE):
            return await self.waiting.get()

    async def code(self, recipient: str) -> str:
        """The code in the first mail, which must be to this address."""
        mail = await self.next()
        assert mail["To"] == recipient
        found = re.findall(r"\b\d{6}\b", str(mail.get_payload()))
        assert len(found) == 1, mail.as_string()
        return str(found[0])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talks to one client."""
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                self.waiting.put_nowait(message_from_bytes(content[:-3]))
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                break
        writer.close()
