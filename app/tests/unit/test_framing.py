"""Bytes of a client to messages, however they are cut."""

from itertools import pairwise
from typing import Any

import pytest
from aiohttp.http import WSMsgType
from hypothesis import given
from hypothesis import strategies as st

from pipit.gateway import framing
from pipit.gateway.framing import ControlFrame, FrameParser, close_frame
from tests.live.rfc6455 import BINARY, CONTINUATION, PING, TEXT, frame

LARGEST = 70_000


class Receiver:
    def __init__(self) -> None:
        self.messages: list[tuple[WSMsgType, Any]] = []
        self.failure = 0
        self.parser = FrameParser(self, LARGEST)

    def message_received(self, kind: WSMsgType, payload: Any) -> None:
        self.messages.append((kind, payload))

    def framing_failed(self, code: int) -> None:
        self.failure = self.failure or code

    def feed(self, *chunks: bytes) -> "Receiver":
        for chunk in chunks:
            self.parser.feed(chunk)
        return self


TEXTS = st.lists(st.text(max_size=200) | st.sampled_from(["", "x" * 126, "x" * 65536]), max_size=4)


@given(TEXTS, st.lists(st.integers(0, 70_000), max_size=8))
def test_messages_come_whole_however_they_are_cut(texts: list[str], cuts: list[int]) -> None:
    data = b"".join(frame(TEXT, text.encode()) for text in texts)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    chunks = [data[a:b] for a, b in pairwise(edges)]
    received = Receiver().feed(*chunks)
    assert received.messages == [(WSMsgType.TEXT, text) for text in texts]
    assert not received.failure


def test_fragments_become_one_message_with_pings_between() -> None:
    received = Receiver().feed(
        frame(TEXT, b"one ", fin=False) + frame(PING, b"?") + frame(CONTINUATION, b"two")
    )
    assert received.messages == [(WSMsgType.PING, b"?"), (WSMsgType.TEXT, "one two")]


@pytest.mark.parametrize("length", [0, 125, 126, 60_000])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_an_unmasked_frame_is_refused_wherever_it_comes(length: int, before: int) -> None:
    data = frame(BINARY, b"x" * 200) * before + frame(TEXT, b"x" * length, masked=False)
    whole = Receiver().feed(data)
    bytewise = Receiver().feed(*(data[at : at + 1] for at in range(min(len(data), 1000))))
    assert whole.failure == bytewise.failure == 1002


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(TEXT, b"x" * (LARGEST + 1)), 1009),
        (frame(TEXT, b"\xff"), 1007),
        (frame(0x3, b""), 1002),
        (frame(CONTINUATION, b"x"), 1002),
        (frame(PING, b"x" * 126), 1002),
    ],
)
def test_a_broken_rule_fails_with_its_code(data: bytes, code: int) -> None:
    received = Receiver().feed(data)
    assert received.failure == code
    assert not received.messages


def test_the_largest_message_is_taken() -> None:
    received = Receiver().feed(frame(TEXT, b"x" * LARGEST))
    assert received.messages == [(WSMsgType.TEXT, "x" * LARGEST)]


def test_control_frames_are_written_as_the_standard_has_them() -> None:
    assert ControlFrame(WSMsgType.PONG, b"abc").wire == b"\x8a\x03abc"
    assert framing.PING.wire == b"\x89\x00"
    assert close_frame(1001).wire == b"\x88\x02\x03\xe9"


def test_a_fault_in_handling_a_message_ends_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty(Receiver):
        def message_received(self, kind: WSMsgType, payload: Any) -> None:
            raise RuntimeError("out of luck")

    assert Faulty().feed(frame(TEXT, b"x")).failure == 1011
    assert "out of luck" in caplog.text
