"""Drafty, the clients' rich text, as plain text (protocol.md, section 10.4).

The server keeps any JSON as a message: nothing here raises for what is no Drafty.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

QUOTES = frozenset({"QQ", "HD"})
"""Styles of text that repeats or hides something."""

OBJECTS = {
    "IM": "picture",
    "AU": "sound",
    "VD": "video",
    "EX": "file",
    "VC": "call",
    "TC": "contact",
}
"""Entities that are no text, and what stands for them."""

_CLUSTER = re.compile(
    "\r\n|[\U0001f1e6-\U0001f1ff]{2}"  # a flag is a pair of regional indicators
    "|.(?:[\u0300-\u036f\u20d0-\u20ff\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.)*",
    re.DOTALL,
)
"""About what a reader takes for one character: clients count those (UAX 29, the common cases)."""


def clusters(text: str) -> list[str]:
    """The characters of a text as clients count them: offsets of Drafty are in these."""
    return _CLUSTER.findall(text)


@dataclass(slots=True)
class _Text:
    """A text on its way: `quoted` and `covered` mark characters that are left out, the latter since
    an object stands there; `put` adds words before a character, `after` at the end.
    """

    letters: list[str]
    quoted: bytearray
    covered: bytearray
    put: dict[int, str] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)


def plain_text(content: Any) -> str:
    """The words of a message: without quotes, with a word in brackets for pictures and the like.

    Text stays as it is, other JSON is shown as JSON.
    """
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, dict) or not {"txt", "fmt"} & content.keys():
        return msgspec.json.encode(content).decode()
    text = content.get("txt")
    letters = clusters(text) if isinstance(text, str) else []
    work = _Text(letters, bytearray(len(letters)), bytearray(len(letters)))
    entities = _dicts(content.get("ent"))
    for style in _dicts(content.get("fmt")):
        _apply(work, style, entities)
    return _joined(work)


def _apply(work: _Text, style: dict[str, Any], entities: list[dict[str, Any]]) -> None:
    at, length, key = (_number(style.get(name)) for name in ("at", "len", "key"))
    end = min(at + max(length, 0), len(work.letters))
    kind: Any = style.get("tp")
    data: Any = None
    if not kind and 0 <= key < len(entities):
        entity, entities[key] = entities[key], {}  # counts once, or a small message could get huge
        kind, data = entity.get("tp"), entity.get("data")
    known = data if isinstance(data, dict) else {}
    if isinstance(kind, str) and kind in OBJECTS:
        _put_object(work, at, end, _bracketed(kind, known))
    elif 0 <= at < end:
        _style(work, at, end, kind, known)


def _style(work: _Text, at: int, end: int, kind: Any, data: dict[str, Any]) -> None:
    if kind == "BR":
        work.letters[at] = "\n"
    elif kind == "LN":
        url = data.get("url")
        if isinstance(url, str) and url != "".join(work.letters[at:end]):
            work.letters[end - 1] += f" ({url})"
    elif isinstance(kind, str) and kind in QUOTES:
        work.quoted[at:end] = b"\1" * (end - at)


def _put_object(work: _Text, at: int, end: int, word: str) -> None:
    if 0 <= at < len(work.letters):
        work.put[at] = word
        work.covered[at:end] = b"\1" * (end - at)
    else:
        work.after.append(word)


def _bracketed(kind: str, data: dict[str, Any]) -> str:
    name = data.get("name") or data.get("fn")
    return f"[{OBJECTS[kind]}: {name}]" if isinstance(name, str) else f"[{OBJECTS[kind]}]"


def _joined(work: _Text) -> str:
    shown = [
        work.put.get(at, "") + ("" if work.covered[at] else letter)
        for at, letter in enumerate(work.letters)
        if not work.quoted[at]
    ]
    return "\n".join(["".join(shown).strip(), *work.after]).strip()


def _dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; others keep their place, empty."""
    items = value if isinstance(value, list) else []
    return [item if isinstance(item, dict) else {} for item in items]


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
