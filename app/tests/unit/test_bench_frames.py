"""The load client's frames are those of RFC 6455, however the bytes are cut."""

from hypothesis import given
from hypothesis import strategies as st

from bench.frames import PING, TEXT, client_frame, server_frame, split_frames

payloads = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([125, 126, 65535, 65536]).map(lambda size: b"x" * size),
)


def test_a_client_frame_is_the_masked_example_of_the_rfc() -> None:
    frame = client_frame(b"Hello")
    mask, body = frame[2:6], frame[6:]
    assert frame[:2] == b"\x81\x85"
    assert bytes(byte ^ mask[place % 4] for place, byte in enumerate(body)) == b"Hello"


def test_a_server_frame_is_the_unmasked_example_of_the_rfc() -> None:
    assert server_frame(b"Hello") == b"\x81\x05Hello"


@given(st.lists(payloads, max_size=5), st.integers(min_value=0, max_value=400))
def test_frames_come_out_whole_wherever_the_stream_was_cut(sent: list[bytes], cut: int) -> None:
    stream = b"".join(map(server_frame, sent))
    first, rest = split_frames(stream[:cut])
    second, left_over = split_frames(rest + stream[cut:])
    assert first + second == [(TEXT, payload) for payload in sent]
    assert left_over == b""


def test_a_ping_is_told_from_a_text() -> None:
    assert split_frames(server_frame(b"", PING)) == ([(PING, b"")], b"")
