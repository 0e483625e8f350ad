"""Stable labels for what differs from run to run, so that two conversations can be compared.

Ids of users and topics, times, tokens and limits are the server's to choose; everything else in a
packet is the protocol's. The recordings hold the same labels.
"""

import json
import re
from typing import Any

NAME = re.compile(r"\b(usr|grp|chn|p2p|nch|fnd)([A-Za-z0-9_-]{8,24})")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
OPAQUE = frozenset({"token", "sid", "build", "ver"})
LIMITS = frozenset(
    {"maxMessageSize", "maxSubscriberCount", "minTagLength", "maxTagLength", "maxTagCount"}
    | {"maxFileUploadSize", "msgDelAge", "callTimeout", "subcnt", "added", "removed"}
)
UNORDERED = frozenset({"tags", "sub", "cred"})


class Labels:
    """The labels of one conversation; ids get theirs when first met.

    `variables` are the conversation's saved values: an id that was saved is labelled by its
    variable (`<usr:ann>`), any other is counted (`<usr:usr1>`). A channel and its group share one
    id after the prefix, hence one label (`<grp:news>`, `<chn:news>`).
    """

    def __init__(self, variables: dict[str, Any]) -> None:
        self._variables = variables
        self._by_id: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def applied(self, node: Any, key: str = "") -> Any:
        """Returns `node` (any JSON) with labels in it; `key` is the field it was found in."""
        if key in LIMITS or (key in OPAQUE and isinstance(node, str)):
            return f"<{key}>"
        if isinstance(node, dict):
            return {self._text(k): self.applied(v, k) for k, v in sorted(node.items())}
        if isinstance(node, list):
            return self._list(node, key)
        return self._text(node) if isinstance(node, str) else node

    def _list(self, items: list[Any], key: str) -> list[Any]:
        labelled = [self.applied(item) for item in items]
        if key in UNORDERED and (key == "tags" or all(isinstance(i, dict) for i in items)):
            labelled.sort(key=as_line)
        return labelled

    def _text(self, text: str) -> str:
        if TIME.fullmatch(text):
            return "<ts>"
        return NAME.sub(self._name, text.replace(self._variables["rnd"], "<rnd>"))

    def _name(self, found: re.Match[str]) -> str:
        prefix, ident = found.groups()
        if ident not in self._by_id:
            self._by_id[ident] = self._variable_of(found[0]) or self._counted(prefix)
        return f"<{prefix}:{self._by_id[ident]}>"

    def _variable_of(self, name: str) -> str | None:
        return next((var for var, value in self._variables.items() if value == name), None)

    def _counted(self, prefix: str) -> str:
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}{self._counts[prefix]}"


def as_line(packet: Any) -> str:
    """Returns a packet as one line of JSON, its keys sorted."""
    return json.dumps(packet, sort_keys=True, ensure_ascii=False)
