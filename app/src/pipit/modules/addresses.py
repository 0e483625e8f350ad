"""Which network addresses are public, and a guard for connections that must go to those only."""

import errno
import ipaddress
import socket
from typing import Any

TRANSLATED = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)
"""IPv6 addresses that stand for IPv4 ones, which may be private: NAT64 (RFC 6052, 8215), 6to4
(RFC 3056), Teredo (RFC 4380). Refused whatever they stand for.
"""


class NotPublic(OSError):
    """A connection to an address of this machine or network was refused."""


def is_public(address: str) -> bool:
    """Whether an IP address, such as `getaddrinfo` gives it, is one of the public internet.

    Not public: private, loopback, link-local, shared (CGNAT), multicast, reserved and documentation
    addresses (the registries of RFC 6890), and IPv6 forms of IPv4 addresses. Raises ValueError if
    it is no IP address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:
        mapped = ip.ipv4_mapped is not None or any(ip in network for network in TRANSLATED)
        if mapped or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


def public_socket(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
    """A socket for a connection to one result of `getaddrinfo` (aiohttp's `socket_factory`).

    It is asked with the very address that is about to be connected to, after names, odd spellings
    of numbers, or a name server that answers differently every time have had their say. Raises
    NotPublic.
    """
    family, kind, protocol, _, address = info
    if not is_public(address[0]):
        raise NotPublic(errno.EACCES, f"{address[0]} is no public address")
    return socket.socket(family, kind, protocol)
