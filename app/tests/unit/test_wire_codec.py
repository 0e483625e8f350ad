"""Frames to requests, replies to frames: whatever comes, it is understood or refused."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw, inspect

from pipit.wire import requests
from pipit.wire.codec import Frames, Malformed, decode, encode, text_header
from pipit.wire.replies import (
    Acs,
    Ctrl,
    Dacs,
    Data,
    DelValues,
    Desc,
    Info,
    MetaPart,
    Pres,
    Reply,
    Seen,
    Span,
    SubRow,
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
verbs = ["hi", "acc", "login", "sub", "leave", "pub", "get", "set", "del", "note", "extra", "cats"]


def understood(text: str | bytes) -> bool:
    """Whether a frame is understood, not Malformed; one that does not say why counts as that."""
    try:
        decode(text)
    except Malformed as why:
        return not str(why)
    return True


# -- anything --------------------------------------------------------------------------------------


@given(st.text() | st.binary())
def test_any_text_is_understood_or_malformed(text: str | bytes) -> None:
    understood(text)


@given(values)
def test_json_without_a_verb_is_malformed(value: Any) -> None:
    if not (isinstance(value, dict) and value.keys() & set(verbs)):
        assert not understood(json.dumps(value))


@given(st.dictionaries(st.sampled_from(verbs), values, min_size=1))
def test_any_packet_is_understood_or_malformed(packet: dict[str, Any]) -> None:
    understood(json.dumps(packet))
    understood(json.dumps(packet, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "0", "null", "[]", "{}", '"hi"', '{"hi":', '{"hi":{}} {"hi":{}}', '{"hi":{}}x',
        '{"hi":null}', '{"Hi":{}}', '{"hi":[]}', '{"hi":{"id":1}}', '\ufeff{"hi":{}}',
        '{"get":{"data":{"since":9007199254740993}}}', '{"get":{"data":{"since":1e400}}}',
        '{"get":{"data":{"since":1.5}}}', '{"get":{"data":{"since":NaN}}}',
        '{"login":{"secret":"no base64!"}}', '{"login":{"secret":"YQ"}}', "{'hi':{}}",
        '{"pub":{"content":}}', '{"pub":{"content":[1,]}}', '{"pub":{"content":"a\nb"}}',
        '{"pub":{"content":tru}}', '{"pub":{"content":01}}', '{"pub":{"content":"\\x"}}',
    ],
)  # fmt: skip
def test_what_is_no_packet_is_malformed(text: str) -> None:
    assert not understood(text)
    assert not understood(text.encode())


@pytest.mark.parametrize("text", [b"\xff", b'{"hi":{"id":"\xff"}}', b'{"pub":{"content":"\xc3"}}'])
def test_what_is_no_utf8_is_malformed(text: bytes) -> None:
    assert not understood(text)


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize(
    "around",
    [
        "%s", '{"pub":{"topic":"grpA","content":%s}}', '{"pub":{"head":{"x":%s}}}',
        '{"set":{"desc":{"public":%s}}}', '{"set":{"aux":{"a":%s}}}', '{"note":{"payload":%s}}',
        '{"hi":{"unknown":%s}}', '{"hi":{"id":%s}}', '{"get":{"data":{"ranges":%s}}}',
        '{"cats":%s}',
    ],
)  # fmt: skip
def test_deep_json_is_understood_or_malformed(
    around: str, opening: str, closing: str, depth: int
) -> None:
    understood(around % (opening * depth + "1" + closing * depth))
    assert not understood(around % (opening * depth))


# -- every field -----------------------------------------------------------------------------------

Path = tuple[str | int, ...]

SAMPLES: dict[str, Any] = {
    "true": True, "false": False, "integer": 3, "fraction": 1.5, "text": "YWJj", "object": {},
    "array": [], "array of integers": [1], "array of texts": ["a"], "array of arrays": [[]],
    "array of objects": [{}], "array of null": [None],
}  # fmt: skip


def fields() -> Iterator[tuple[Path, inspect.Type]]:
    """Every field of every packet, however deep, by its path; 0 stands for a list's element."""
    packet = inspect.type_info(requests.Packet)
    assert isinstance(packet, inspect.StructType)
    yield from _fields((), packet)


def _fields(path: Path, kind: inspect.Type) -> Iterator[tuple[Path, inspect.Type]]:
    for option in kind.types if isinstance(kind, inspect.UnionType) else [kind]:
        if isinstance(option, inspect.StructType):
            for field in option.fields:
                here = (*path, field.encode_name)
                yield here, field.type
                yield from _fields(here, field.type)
        elif isinstance(option, inspect.ListType):
            yield from _fields((*path, 0), option.item_type)


def takes(kind: inspect.Type, sample: Any) -> bool:
    """Whether the protocol gives a field of this type such a value."""
    if isinstance(kind, inspect.UnionType):
        return any(takes(option, sample) for option in kind.types)
    if isinstance(kind, inspect.AnyType | inspect.RawType):
        return True
    if isinstance(kind, inspect.ListType):
        return isinstance(sample, list) and all(takes(kind.item_type, one) for one in sample)
    wanted: dict[type[inspect.Type], type] = {
        inspect.BoolType: bool, inspect.IntType: int, inspect.StrType: str,
        inspect.BytesType: str, inspect.DictType: dict, inspect.StructType: dict,
        inspect.NoneType: type(None),
    }  # fmt: skip
    return type(sample) is wanted[type(kind)]


def packet_with(path: Path, value: Any) -> str:
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return json.dumps(value)


FIELDS = {".".join(map(str, path)): (path, kind) for path, kind in fields()}


def test_the_fields_are_those_of_the_protocol() -> None:
    assert len(FIELDS) > 100
    assert {"hi.id", "sub.set.desc.defacs.auth", "get.data.ranges.0.low", "acc.cred.0.meth"} <= set(
        FIELDS
    )


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_wrong_type_is_malformed(name: str) -> None:
    path, kind = FIELDS[name]
    for called, sample in SAMPLES.items():
        with_verb = packet_with(path, sample)
        if len(path) > 1 and path[0] != "extra":
            assert understood(with_verb) == takes(kind, sample), called
        elif not takes(kind, sample):
            assert not understood(with_verb), called


@pytest.mark.parametrize("name", [name for name, (path, _) in FIELDS.items() if len(path) > 1])
def test_null_is_as_good_as_absent(name: str) -> None:
    path, _ = FIELDS[name]
    if path[0] == "extra" or name == "pub.content":
        return
    with_null, _ = decode(packet_with(path, None))
    absent: Any = {} if path[-1] != 0 else []
    without, _ = decode(packet_with(path[:-1], absent))
    assert with_null == without


# -- what comes through ----------------------------------------------------------------------------

texts = st.text() | st.none()
numbers = st.integers(-(2**53), 2**53) | st.none()


@given(st.fixed_dictionaries({"id": texts, "topic": texts, "what": texts, "seq": numbers}))
def test_a_request_says_what_was_sent(note: dict[str, Any]) -> None:
    sent = {key: value for key, value in note.items() if key != "id"}
    request, extra = decode(json.dumps({"note": sent}))
    assert isinstance(request, requests.Note)
    assert extra is None
    assert {key: getattr(request, key) for key in sent} == sent


@given(values)
def test_content_is_kept_as_the_text_it_came_in(value: Any) -> None:
    text = json.dumps(value, allow_nan=False, indent=1) if _finite(value) else "null"
    request, _ = decode(f'{{"pub":{{"content":{text} }}}}')
    assert isinstance(request, requests.Pub)
    assert bytes(request.content).decode() == text  # type: ignore[arg-type]


def _finite(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def test_extras_ride_beside_the_request() -> None:
    request, extra = decode('{"pub":{"topic":"grpA"},"extra":{"attachments":["/v0/file/s/1"]}}')
    assert isinstance(request, requests.Pub)
    assert extra is not None
    assert extra.attachments == ["/v0/file/s/1"]
    assert request.content is UNSET


# -- replies ---------------------------------------------------------------------------------------

TS = "2026-11-23T09:10:37.55Z"
REPLIES: list[Reply] = [
    Ctrl(200, "ok", TS),
    Ctrl(202, "accepted", TS, "7", "grpA", {"seq": 3, "x": None}),
    Data("usrA", 1, TS, Raw(b'{"txt":"\xc3\xa9"}'), "usrB", Raw(b'{"mime":"x"}')),
    MetaPart("me", TS, "1", desc=Desc(created=TS, acs=Acs("JR", "JR", "JR"), public=Raw(b"1"))),
    MetaPart(
        "me", TS, sub=[SubRow(topic="usrA", online=True, seen=Seen(TS, "Web"), private=["cats"])]
    ),
    MetaPart("grpA", TS, del_=DelValues(3, [Span(2, 4), Span(7)])),
    Pres("me", "acs", "grpA", dacs=Dacs("+R", "-W"), tgt="usrB", act="usrC"),
    Info("grpA", "read", "usrA", seq=5),
]
KINDS = {Ctrl: "ctrl", Data: "data", MetaPart: "meta", Pres: "pres", Info: "info"}


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
def test_a_reply_is_one_packet_of_its_kind(reply: Reply) -> None:
    packet = msgspec.json.decode(encode(reply))
    assert packet == {KINDS[type(reply)]: msgspec.json.decode(msgspec.json.encode(reply))}


@given(st.text(), st.text(), st.dictionaries(st.text(), values.filter(_finite)))
def test_ids_and_texts_come_through_whole(id: str, topic: str, params: dict[str, Any]) -> None:
    packet = json.loads(encode(Ctrl(200, "ok", TS, id, topic, params)))["ctrl"]
    assert (packet["id"], packet["topic"]) == (id, topic)
    assert packet["params"] == params


def test_what_is_empty_is_left_out() -> None:
    assert (
        encode(Ctrl(200, "ok", TS)) == b'{"ctrl":{"code":200,"text":"ok","ts":"%s"}}' % TS.encode()
    )
    assert b"hi" not in encode(MetaPart("grpA", TS, del_=DelValues(3, [Span(7)])))


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_tells_its_length(length: int) -> None:
    """RFC 6455, section 5.2: 7 bits, or 126 and 16 bits, or 127 and 64 bits: the shortest."""
    header = text_header(length)
    assert header[0] == 0x81
    short, long = header[1], header[2:]
    assert short == (length if length < 126 else 126 if length < 65_536 else 127)
    assert len(long) == {126: 2, 127: 8}.get(short, 0)
    if long:
        assert int.from_bytes(long) == length


def test_frames_are_joined_for_a_socket_and_apart_for_polling() -> None:
    frames = Frames.of(*REPLIES[:3])
    assert list(frames.packets) == [encode(reply) for reply in REPLIES[:3]]
    rest = frames.wire
    for packet in frames.packets:
        header = text_header(len(packet))
        assert rest.startswith(header + packet)
        rest = rest[len(header) + len(packet) :]
    assert rest == b""
