"""What somebody says as a message: text where that will do, else Drafty (protocol.md, 10.4).

Offsets count characters; the story has none that clients take for one and Python for two.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipit.demo.pictures import Picture

DRAFTY = {"mime": "text/x-drafty"}
EXCERPT = 30
"""Characters of a message that an answer quotes, as the web app does."""

_MENTION_OR_BREAK = re.compile(r"@(\w+)|\n")


class Draft:
    """Drafty, growing from left to right."""

    def __init__(self) -> None:
        self.text = ""
        self._styles: list[dict[str, Any]] = []
        self._entities: list[dict[str, Any]] = []

    @property
    def content(self) -> str | dict[str, Any]:
        """The message's content: plain text if nothing is formatted."""
        if not self._styles:
            return self.text
        whole = {"txt": self.text, "fmt": self._styles}
        return whole | ({"ent": self._entities} if self._entities else {})

    def say(self, text: str, people: Mapping[str, str]) -> None:
        """Adds text. `people` are the ids of those who can be mentioned, by first name."""
        done = 0
        for found in _MENTION_OR_BREAK.finditer(text):
            self.text += text[done : found.start()]
            done = found.end()
            if not found[1]:
                self.break_line()
            elif found[1] in people:
                self._entity("MN", found[0], {"val": people[found[1]]})
            else:
                self.text += found[0]
        self.text += text[done:]

    def quote(self, name: str, user: str, said: str) -> None:
        """Adds what is answered; at the beginning."""
        self._entity("MN", name, {"val": user})
        self.break_line()
        plain = said.replace("\n", " ")
        self.text += plain if len(plain) <= EXCERPT else plain[: EXCERPT - 1] + "…"
        self._styles.append({"at": 0, "len": len(self.text), "tp": "QQ"})

    def show(self, picture: Picture, address: str) -> None:
        """Adds a picture that was uploaded to an address, below what was said."""
        about = {
            "mime": "image/png",
            "ref": address,
            "width": picture.width,
            "height": picture.height,
            "name": picture.name,
            "size": len(picture.png),
        }
        if self.text:
            self.break_line()
        self._entity("IM", " ", about)

    def break_line(self) -> None:
        """Adds a line break."""
        self._styles.append({"at": len(self.text), "len": 1, "tp": "BR"})
        self.text += " "

    def _entity(self, kind: str, text: str, data: dict[str, Any]) -> None:
        style = {"at": len(self.text), "len": len(text), "key": len(self._entities)}
        self._styles.append(style)
        self._entities.append({"tp": kind, "data": data})
        self.text += text
