"""Where a request really comes from: `X-Forwarded-For` is believed only from one's own proxies."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import web

Address = IPv4Address | IPv6Address

LOCAL_PROXY = "unix"
"""The address of whoever comes through the Unix socket without saying for whom."""


class Addresses:
    """Tells the addresses of clients, given the settings' `server.trusted_proxies`."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self.networks = [ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def of(self, request: web.Request) -> str:
        """The client's IP address; behind a trusted proxy the last that no trusted proxy has."""
        peer = _peer(request)
        if peer is not None and not self._trusts(peer):
            return str(peer)
        client = peer
        for forwarded in reversed(_forwarded_for(request)):
            client = forwarded
            if not self._trusts(forwarded):
                break
        return str(client) if client else LOCAL_PROXY

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def _peer(request: web.Request) -> Address | None:
    """The other end of the connection; None for the Unix socket, which only a local proxy opens."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return _parse(peer[0]) if isinstance(peer, tuple) else None


def _forwarded_for(request: web.Request) -> list[Address]:
    """What the proxies say, nearest last; nonsense and what is before it is left out."""
    found: list[Address] = []
    for header in request.headers.getall("X-Forwarded-For", ()):
        for text in header.split(","):
            address = _parse(text.strip())
            found = [*found, address] if address else []
    return found


def _parse(text: str) -> Address | None:
    """An address; an IPv4 one written as IPv6 (::ffff:…) as IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
