"""Drafty, the clients' rich text, written from left to right.

    Draft("Hello ").mention("Ann", "usrAAAAAAAAAAE").line().bold("Today: ").link("menu", "https://…")

Offsets count what a reader takes for a character, as the published apps do. `plain_text` is the
other direction: a message's words.
"""

from typing import Any, Self

from pipit.core.drafty import clusters, plain_text
from pipit.sdk.files import File

__all__ = ["MIME", "Draft", "plain_text"]

MIME = "text/x-drafty"
MOST_BUTTONS = 8
"""More buttons in one message are not shown by the web app (MAX_FORM_ELEMENTS of its SDK)."""


class Draft:
    """A message being written. Every method adds to its end and returns the draft itself."""

    def __init__(self, text: str = "") -> None:
        self._text = ""
        self._letters = 0
        self._styles: list[dict[str, Any]] = []
        self._entities: list[dict[str, Any]] = []
        self.text(text)

    @property
    def content(self) -> str | dict[str, Any]:
        """What to publish: plain text where that will do, else Drafty."""
        if not self._styles:
            return self._text
        drafty = {"txt": self._text, "fmt": self._styles}
        return drafty | ({"ent": self._entities} if self._entities else {})

    def text(self, text: str) -> Self:
        """Text; its line breaks are kept."""
        first, *others = text.split("\n")
        self._put(first)
        for line in others:
            self.line()._put(line)
        return self

    def line(self) -> Self:
        """A line break."""
        return self._styled("BR", " ")

    def bold(self, text: str) -> Self:
        """Bold text."""
        return self._styled("ST", text)

    def italic(self, text: str) -> Self:
        """Italic text."""
        return self._styled("EM", text)

    def struck(self, text: str) -> Self:
        """Text that is struck through."""
        return self._styled("DL", text)

    def code(self, text: str) -> Self:
        """Text in a monospaced font; its line breaks are kept."""
        start = self._letters
        self.text(text)
        self._styles.append({"at": start, "len": self._letters - start, "tp": "CO"})
        return self

    def link(self, text: str, url: str) -> Self:
        """A link to a web page."""
        return self._entity("LN", text, {"url": url})

    def mention(self, name: str, user: str) -> Self:
        """A person's name, `user` being the id, `usr…`; write the @ yourself if you want one."""
        return self._entity("MN", name, {"val": user})

    def hashtag(self, tag: str) -> Self:
        """`#tag`, without the # in `tag`."""
        return self._entity("HT", f"#{tag}", {"val": tag})

    def quote(self, name: str, user: str, said: str) -> Self:
        """What somebody said, as the apps show it above an answer; at the beginning."""
        start = self._letters
        self.mention(name, user).line().text(said)
        self._styles.append({"at": start, "len": self._letters - start, "tp": "QQ"})
        return self

    def button(self, title: str, name: str, value: str = "1") -> Self:
        """A button; who presses it publishes its title and {name: value} (`Message.pressed`).

        ValueError for more than `MOST_BUTTONS` in one message.
        """
        self._check_buttons()
        return self._entity("BN", title, {"act": "pub", "name": name, "val": value})

    def link_button(self, title: str, url: str) -> Self:
        """A button that opens a web page, with what was chosen as its query."""
        self._check_buttons()
        return self._entity("BN", title, {"act": "url", "ref": url})

    def image(self, file: File, width: int, height: int) -> Self:
        """A picture that was uploaded; `width` and `height` in pixels."""
        return self._entity("IM", " ", _about(file) | {"width": width, "height": height})

    def attach(self, file: File) -> Self:
        """A file that was uploaded, shown below the text."""
        self._styles.append({"at": -1, "len": 0, "key": len(self._entities)})
        self._entities.append({"tp": "EX", "data": _about(file)})
        return self

    def _check_buttons(self) -> None:
        if sum(entity["tp"] == "BN" for entity in self._entities) >= MOST_BUTTONS:
            raise ValueError(f"a message holds {MOST_BUTTONS} buttons at most")

    def _put(self, text: str) -> int:
        """Adds text as it is; how many letters of it a reader counts."""
        before = self._letters
        self._text += text
        self._letters = len(clusters(self._text))
        return self._letters - before

    def _styled(self, style: str, text: str) -> Self:
        at = self._letters
        self._styles.append({"at": at, "len": self._put(text), "tp": style})
        return self

    def _entity(self, kind: str, text: str, data: dict[str, Any]) -> Self:
        at, key = self._letters, len(self._entities)
        self._entities.append({"tp": kind, "data": data})
        self._styles.append({"at": at, "len": self._put(text), "key": key})
        return self


def entities(content: Any, kind: str) -> list[dict[str, Any]]:
    """The data of a message's entities of one kind, e.g. "MN"; empty for what is no Drafty."""
    found = content.get("ent") if isinstance(content, dict) else None
    listed = found if isinstance(found, list) else []
    alike = [e for e in listed if isinstance(e, dict) and e.get("tp") == kind]
    return [e["data"] for e in alike if isinstance(e.get("data"), dict)]


def addresses(content: Any) -> list[str]:
    """The addresses of uploaded files that a message shows."""
    shown = [data for kind in ("IM", "EX", "AU", "VD") for data in entities(content, kind)]
    found = (data.get(name) for data in shown for name in ("ref", "preref"))
    return [address for address in found if isinstance(address, str)]


def _about(file: File) -> dict[str, Any]:
    return {"mime": file.mime, "ref": file.url, "name": file.name, "size": file.size}
