"""Where a request comes from, and who is believed about it."""

from unittest.mock import Mock

import pytest
from multidict import CIMultiDict

from pipit.gateway.address import LOCAL_PROXY, Addresses


def request_from(peer: object, *forwarded: str) -> Mock:
    headers = CIMultiDict([("X-Forwarded-For", line) for line in forwarded])
    transport = Mock(get_extra_info=lambda name: peer)
    return Mock(headers=headers, transport=transport)


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ((), ("203.0.113.9", 1), ("198.51.100.1",), "203.0.113.9"),
        (("10.0.0.0/8",), ("203.0.113.9", 1), ("198.51.100.1",), "203.0.113.9"),
        (("10.0.0.0/8",), ("10.0.0.1", 1), (), "10.0.0.1"),
        (("10.0.0.0/8",), ("10.0.0.1", 1), ("198.51.100.1",), "198.51.100.1"),
        (("10.0.0.0/8",), ("10.0.0.1", 1), ("1.1.1.1, 198.51.100.1, 10.2.3.4",), "198.51.100.1"),
        (("10.0.0.0/8",), ("10.0.0.1", 1), ("1.1.1.1", "198.51.100.1"), "198.51.100.1"),
        (("10.0.0.0/8",), ("10.0.0.1", 1), ("1.1.1.1, nonsense",), "10.0.0.1"),
        (("10.0.0.0/8",), ("10.0.0.1", 1), ("nonsense, 198.51.100.1",), "198.51.100.1"),
        (("fd00::/8",), ("fd00::1", 1, 0, 0), ("2001:db8::7",), "2001:db8::7"),
        (("127.0.0.1",), ("::ffff:127.0.0.1", 1, 0, 0), ("198.51.100.1",), "198.51.100.1"),
        ((), "", ("198.51.100.1",), "198.51.100.1"),
        ((), "", (), LOCAL_PROXY),
    ],
)
def test_the_address_is_the_last_that_no_trusted_proxy_has(
    trusted: tuple[str, ...], peer: object, forwarded: tuple[str, ...], expected: str
) -> None:
    assert Addresses(trusted).of(request_from(peer, *forwarded)) == expected
