"""POST /v0/file/u/: files that members send (protocol.md, section 9.1)."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from pipit.accounts.rates import too_many
from pipit.accounts.service import Identity
from pipit.core import clock, ids
from pipit.gateway import authentication, sniffing
from pipit.gateway.address import Addresses
from pipit.gateway.answers import answer, no_api_key
from pipit.gateway.filestore import FileStore, Incoming
from pipit.gateway.service import Service
from pipit.store.records import FileRecord
from pipit.wire import status
from pipit.wire.status import Refused, Status

log = logging.getLogger(__name__)

SIGN_UP = "newacc"
"""As `topic`: the picture of somebody who is about to sign up, and so has no login yet."""
SIGN_UP_BYTES = 1 << 20

MOST_FIELDS = 16
FORM_BYTES = 1 << 16
"""What a form may hold beside the file."""
QUOTA = Status(413, "storage quota exceeded")
NAME_LETTERS = 150
CHUNK_BYTES = 1 << 16
CHUNK_SECONDS = 30
"""Without a byte; then the client is gone, or malicious."""
TOTAL_SECONDS = 1800
HOUR_MS = 3_600_000

NONSENSE = (ValueError, AssertionError, RuntimeError, HttpProcessingError, TimeoutError)
"""What aiohttp's parser of forms raises."""


class NoApiKey(Exception):
    """No part of the request holds a valid API key."""


@dataclass(slots=True)
class Upload:
    """What is known of an upload so far."""

    request: web.Request
    address: str
    incoming: Incoming
    who: Identity | None = None
    form: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    declared: str = ""


class Uploads:
    """Takes files."""

    def __init__(self, service: Service, files: FileStore, addresses: Addresses) -> None:
        self.service = service
        self.files = files
        self.addresses = addresses
        self.taken = 0
        self._saving = asyncio.Lock()

    async def post(self, request: web.Request) -> web.Response:
        """Takes one file. Raises Refused: 400, 401, 403, 413, 422, 429, 503."""
        try:
            async with self.files.receive() as incoming:
                upload = Upload(request, self.addresses.of(request), incoming)
                await self._receive(upload)
                record = await self._save(upload)
        except NoApiKey:
            return no_api_key()
        except ConnectionError:
            raise  # the client has gone
        except OSError as fault:
            log.error("upload not stored: %s", fault)
            raise Refused(status.UNAVAILABLE) from None
        self.taken += 1
        return self._taken(record, upload.form.get("id"))

    # -- receiving --------------------------------------------------------------------------------

    async def _receive(self, upload: Upload) -> None:
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await self._receive_form(upload)
        except NONSENSE as fault:
            log.info("upload not understood: %s", fault)
            raise Refused(status.MALFORMED) from None

    async def _receive_form(self, upload: Upload) -> None:
        """Reads the form. Key and login may come in it, before the file or after a small one."""
        if upload.request.content_type != "multipart/form-data":
            self._check_key(upload)
            raise ValueError("no multipart/form-data")
        if authentication.api_key(upload.request):
            self._check_key(upload)
        await self._identify(upload)
        fields = 0
        async for part in await upload.request.multipart():
            fields += 1
            if not isinstance(part, BodyPartReader) or fields > MOST_FIELDS:
                raise ValueError(f"a form of at most {MOST_FIELDS} plain fields is wanted")
            if part.name == "file":
                await self._receive_file(upload, part)
            else:
                async with asyncio.timeout(CHUNK_SECONDS):
                    upload.form[part.name or ""] = (await part.read()).decode()

    async def _receive_file(self, upload: Upload, part: BodyPartReader) -> None:
        if upload.name is not None:
            raise ValueError("one file at a time")
        self._check_key(upload)
        await self._identify(upload)
        self._check_rate(upload)
        most = self.service.settings.files.max_bytes if upload.who else SIGN_UP_BYTES
        if (upload.request.content_length or 0) > most + FORM_BYTES:
            raise Refused(status.TOO_LARGE)
        upload.name = _safe_name(part.filename or "")
        upload.declared = part.headers.get("Content-Type", "")
        while chunk := await _chunk(part):
            if upload.incoming.size + len(chunk) > most:
                raise Refused(status.TOO_LARGE)
            await upload.incoming.write(chunk)

    def _check_key(self, upload: Upload) -> None:
        key = authentication.api_key(upload.request, upload.form)
        if key not in self.service.settings.api_keys:
            raise NoApiKey

    async def _identify(self, upload: Upload) -> None:
        if upload.who is None:
            credentials = authentication.login(upload.request, upload.form)
            upload.who = await authentication.identify(self.service, upload.address, credentials)

    def _check_rate(self, upload: Upload) -> None:
        wait = self.service.limits.upload(upload.who.user if upload.who else upload.address)
        if wait:
            raise too_many(wait)

    # -- storing ----------------------------------------------------------------------------------

    async def _save(self, upload: Upload) -> FileRecord:
        if not upload.incoming.size:
            raise Refused(status.MALFORMED)
        await self._identify(upload)
        if upload.who is None and not self._may_sign_up(upload):
            raise Refused(status.AUTH_REQUIRED)
        record = FileRecord(
            ids.new_file_id(),
            owner=upload.who.user if upload.who else "",
            created=clock.now_ms(),
            size=upload.incoming.size,
            mime=sniffing.mime_type(upload.incoming.head, upload.declared),
            name=upload.name or "",
        )
        async with self._saving:
            await self._check_quota(record)
            await self.service.store.save_file(record)
        await self._keep(upload.incoming, record)
        return record

    def _may_sign_up(self, upload: Upload) -> bool:
        open_to_all = self.service.settings.accounts.signup != "closed"
        return open_to_all and upload.form.get("topic") == SIGN_UP

    async def _check_quota(self, record: FileRecord) -> None:
        quota = self.service.settings.files.quota_bytes
        if not quota or not record.owner:
            return
        used = await self.service.store.file_bytes(record.owner)
        if used + record.size > quota:
            raise Refused(QUOTA, {"used": used, "quota": quota})

    async def _keep(self, incoming: Incoming, record: FileRecord) -> None:
        """The record comes first: bytes that no record names would never be collected."""
        try:
            await self.files.keep(incoming, record.id)
        except OSError:
            await self.service.store.delete_files([record.id])
            raise

    def _taken(self, record: FileRecord, id: str | None) -> web.Response:
        hours = self.service.settings.files.unlinked_hours
        params = {
            "expires": clock.text(record.created + hours * HOUR_MS),
            "url": f"{ids.FILE_ADDRESS}{record.id}{sniffing.extension(record.mime)}",
        }
        return answer(status.OK, params, id)


async def _chunk(part: BodyPartReader) -> bytes:
    async with asyncio.timeout(CHUNK_SECONDS):
        return await part.read_chunk(CHUNK_BYTES)


def _safe_name(name: str) -> str:
    """What a file is called, without folders and what no file system likes; cut in the middle.

    %22, %0D, %0A are what browsers make of a quote and line ends in a form.
    """
    last = re.split(r"[/\\]", re.sub("%22|%0D|%0A", "", name))[-1]
    plain = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*')
    plain = plain.strip(". ")
    if len(plain) > NAME_LETTERS:
        plain = plain[: NAME_LETTERS - 20] + "…" + plain[-19:]
    return plain
