"""WebSocket as RFC 6455 has it, where the Autobahn suite does not look: handshake, masks, sizes.

A message that is no packet is answered with one `400 malformed`: it shows what came through.
"""

import socket

import pytest

from tests.live.rfc6455 import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    RawClient,
    accept_of,
    connected,
    frame,
    handshake,
    header,
)
from tests.support.server import Server

LARGEST = 131072  # bytes of one message: maxMessageSize of the answer to {hi}
HELLO = b'{"hi":{"id":"1","ver":"0.25","ua":"Raw/1.0"}}'


def test_the_handshake_answers_the_key_and_takes_no_extension(server: Server) -> None:
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    wish = {"Sec-WebSocket-Key": key, "Sec-WebSocket-Extensions": "permessage-deflate"}
    with RawClient(server.ws) as client:
        client.send(handshake(server.ws, wish))
        status, headers = client.response()
    assert status == 101
    assert headers["upgrade"].lower() == "websocket"
    assert headers["sec-websocket-accept"] == accept_of(key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert "sec-websocket-extensions" not in headers
    assert "sec-websocket-protocol" not in headers


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": None, "Connection": None},
        {"Sec-WebSocket-Version": None},
        {"Sec-WebSocket-Version": "14"},
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Key": "c2hvcnQ="},
        {"Sec-WebSocket-Key": "not base64 at all......."},
    ],
    ids=str,
)
def test_a_faulty_handshake_is_400_and_names_the_version(
    server: Server, changes: dict[str, str | None]
) -> None:
    with RawClient(server.ws) as client:
        client.send(handshake(server.ws, changes))
        status, headers = client.response()
    assert status == 400
    assert headers["sec-websocket-version"] == "13"
    assert headers["content-type"].startswith("text/plain")


def test_without_a_key_of_the_api_there_is_no_upgrade(server: Server) -> None:
    with RawClient(server.ws) as client:
        client.send(handshake(server.ws, {"X-Tinode-APIKey": None}))
        assert client.response()[0] == 403


def test_frames_sent_along_with_the_handshake_are_answered(server: Server) -> None:
    with RawClient(server.ws) as client:
        client.send(handshake(server.ws) + frame(TEXT, b"1") + frame(TEXT, HELLO))
        assert client.response()[0] == 101
        assert client.frame() == Frame(TEXT, b"0")
        assert client.ctrl()["code"] == 201


def test_frames_may_come_byte_by_byte(server: Server) -> None:
    with connected(server.ws) as client:
        for byte in frame(TEXT, HELLO[:20], fin=False) + frame(CONTINUATION, HELLO[20:]):
            client.send(bytes([byte]))
        assert client.ctrl()["id"] == "1"


def test_many_frames_in_one_segment_are_answered_one_by_one(server: Server) -> None:
    with connected(server.ws) as client:
        client.send(frame(TEXT, b"1") * 50 + frame(PING, b"end"))
        answers = [client.frame() for _ in range(51)]
    assert answers.count(Frame(TEXT, b"0")) == 50
    assert answers.count(Frame(PONG, b"end")) == 1


def test_a_packet_in_a_binary_frame_is_a_packet(server: Server) -> None:
    with connected(server.ws) as client:
        client.send(frame(BINARY, HELLO))
        assert client.ctrl()["code"] == 201


@pytest.mark.parametrize("length", [125, 126, 127, 65535, 65536])
def test_a_message_of_any_length_comes_through(server: Server, length: int) -> None:
    """The length's three forms (section 5.2), in one frame and in many."""
    payload = HELLO.ljust(length)
    pieces = [payload[at : at + 1300] for at in range(0, length, 1300)]
    fragments = [frame(CONTINUATION if at else TEXT, p, fin=False) for at, p in enumerate(pieces)]
    for sent in (frame(TEXT, payload), b"".join(fragments) + frame(CONTINUATION)):
        with connected(server.ws) as client:
            client.send(sent)
            assert client.ctrl()["code"] == 201


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_a_frame_without_a_mask_ends_the_connection(server: Server, opcode: int) -> None:
    """Section 5.1: a server must close on it, and may say 1002."""
    with connected(server.ws) as client:
        client.send(frame(opcode, b"", masked=False))
        answer = client.frame()
        assert answer is None or answer.close_code == 1002


def test_the_largest_message_is_taken(server: Server) -> None:
    with connected(server.ws) as client:
        client.send(frame(TEXT, b"x" * LARGEST))
        assert client.ctrl()["code"] == 400
        half = b"x" * (LARGEST // 2)
        client.send(frame(TEXT, half, fin=False) + frame(CONTINUATION, half))
        assert client.ctrl()["code"] == 400


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(frame(TEXT, b"x" * (LARGEST + 1)), id="one byte more"),
        pytest.param(header(TEXT, LARGEST * 2) + b"mask", id="announced, the body never sent"),
        pytest.param(header(BINARY, 1 << 62) + b"mask", id="four exabytes announced"),
        pytest.param(
            frame(TEXT, b"x" * 1000, fin=False) + frame(CONTINUATION, b"x" * 1000, fin=False) * 131,
            id="in fragments",
        ),
    ],
)
def test_a_larger_message_closes_with_1009(server: Server, sent: bytes) -> None:
    with connected(server.ws) as client:
        client.send(sent)
        assert client.close_code() == 1009


def test_a_client_that_only_hangs_up_is_let_go(server: Server) -> None:
    with connected(server.ws) as client:
        client.socket.shutdown(socket.SHUT_WR)
        assert {answer.opcode for answer in iter(client.frame, None)} <= {CLOSE}
