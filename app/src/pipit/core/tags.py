"""Tags that make people and topics findable, and the queries that find them (protocol.md, section
8).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipit.core.merge import ERASE

ALIAS = "alias:"
RESERVED = ("basic:",)
"""Namespaces that only the server fills: the names people log in with."""

_ALIAS_VALUE = re.compile(r"[a-z0-9][a-z0-9_-]{3,23}")
_EMAIL = re.compile(r"[^@\s:]+@[^@\s:]+\.[^@\s:]+")
_PHONE = re.compile(r"\+?[\d\s().-]{7,20}")
_LOGIN = re.compile(r"[^\s:@!$,]{3,32}")


@dataclass(frozen=True, slots=True)
class TagLimits:
    """How short, long and many tags may be; the values that {hi} announces."""

    shortest: int = 2
    longest: int = 96
    most: int = 16


def normalize(tags: Iterable[str], limits: TagLimits) -> list[str]:
    """Lower-cased, sorted, without doubles; those too short or long are dropped, beyond `most` cut.

    Raises ValueError for more than one alias, or for one that breaks the clients' rule:
    4 to 24 of a-z 0-9 _ -, the first a letter or digit.
    """
    seen = dict.fromkeys(tag.strip().lower() for tag in tags)
    kept = [t for t in seen if limits.shortest <= len(t) <= limits.longest and t != ERASE]
    kept = kept[: limits.most]
    aliases = [tag for tag in kept if tag.startswith(ALIAS)]
    if len(aliases) > 1:
        raise ValueError(f"{len(aliases)} aliases: one at most")
    if aliases and not _ALIAS_VALUE.fullmatch(aliases[0].removeprefix(ALIAS)):
        raise ValueError(f"{aliases[0]!r}: 4 to 24 of a-z 0-9 _ -, first a letter or digit")
    return sorted(kept)


def reserved(tags: Iterable[str], namespaces: tuple[str, ...] = RESERVED) -> set[str]:
    """Those of the tags that only the server may add or take away."""
    return {tag for tag in tags if tag.startswith(namespaces)}


@dataclass(frozen=True, slots=True)
class Query:
    """What a search asks: each of `every` by one of its spellings, and one of `some` if there are
    any.
    """

    every: tuple[frozenset[str], ...] = ()
    some: frozenset[str] = frozenset()

    @property
    def tags(self) -> frozenset[str]:
        """Every tag that may count as a match."""
        return self.some.union(*self.every)

    def matches(self, tags: frozenset[str]) -> bool:
        """Whether one who holds `tags` is found."""
        return all(tags & term for term in self.every) and (not self.some or bool(tags & self.some))


def parse_query(text: str) -> Query:
    """A search's words: spaces mean and, commas or; a word beside a comma belongs to the or.

    A bare word is looked up as it is and as what it looks like: an alias, a login, an e-mail
    address, a telephone number. Never raises: nonsense finds nothing.
    """
    words = re.findall(r",|[^\s,]+", text.lower())
    every: list[frozenset[str]] = []
    some: set[str] = set()
    for at, word in enumerate(words):
        if word == ",":
            continue
        if "," in words[max(0, at - 1) : at + 2]:
            some |= spellings(word)
        else:
            every.append(spellings(word))
    return Query(tuple(every), frozenset(some))


def spellings(word: str) -> frozenset[str]:
    """The tags that a word of a search may stand for, itself included."""
    found = {word}
    if ":" in word:
        return frozenset(found)
    if _ALIAS_VALUE.fullmatch(word):
        found.add(ALIAS + word)
    if _LOGIN.fullmatch(word):
        found.add("basic:" + word)
    if _EMAIL.fullmatch(word):
        found.add("email:" + word)
    if _PHONE.fullmatch(word):
        found.add("tel:" + re.sub(r"[^\d+]", "", word))
    return frozenset(found)
