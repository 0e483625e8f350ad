"""Where an endpoint is, in words for people: on this machine, this network, or outside."""

from __future__ import annotations

import asyncio
import ipaddress
from urllib.parse import urlsplit

from pipit.modules.addresses import is_public

PATIENCE = 2.0
"""Seconds for the name server."""


async def place(url: str) -> str:
    """`127.0.0.1:11434, on this machine`, or `api.example.org, outside this network`."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await loop.getaddrinfo(parts.hostname, parts.port or 443)
    except (OSError, TimeoutError):
        return f"{parts.netloc}, which cannot be found at the moment"
    addresses = [str(info[4][0]).partition("%")[0] for info in found]
    if all(ipaddress.ip_address(address).is_loopback for address in addresses):
        return f"{parts.netloc}, on this machine"
    if not any(map(is_public, addresses)):
        return f"{parts.netloc}, on this network"
    return f"{parts.netloc}, outside this network"
