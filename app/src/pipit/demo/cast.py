"""The people of the demo. All are invented; none is meant to be like anybody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """What a portrait shows; colours are six hexadecimal digits."""

    skin: str
    hair: str
    style: str
    shirt: str
    background: str
    glasses: bool = False
    beard: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody. `seen`: minutes since they were last online."""

    login: str
    name: str
    note: str
    tags: tuple[str, ...]
    look: Look
    seen: int
    staff: bool = False

    @property
    def first_name(self) -> str:
        """What others call them."""
        return self.name.partition(" ")[0]


CAST = (
    Person(
        "freya", "Freya Lindqvist", "7b · drums, badly · ask me about moths",
        ("alder-school", "7b", "drums"),
        Look("f1c9a5", "d9a441", "long", "3d7a6a", "cfe8dc"), 7,
    ),
    Person(
        "jonas", "Jonas Lindqvist", "Bakes on Sundays. Fixes punctures on Saturdays.",
        ("bike-kitchen", "baking"),
        Look("eebf9a", "a8743a", "short", "44546a", "f3dfc1", beard=True), 34,
    ),
    Person(
        "elin", "Elin Lindqvist", "Night shifts until Thursday",
        ("harbour-library",),
        Look("f0c6a3", "7a4b2a", "bob", "8c5a7d", "e4d9ee"), 95,
    ),
    Person(
        "ingrid", "Ingrid Lindqvist", "Grandmother, gardener, no capital letters before tea",
        ("garden", "harbour-library"),
        Look("efcbb0", "d8d8d8", "bun", "5b7f95", "dbe7ef", glasses=True), 210,
    ),
    Person(
        "amina", "Amina Diallo", "Class teacher of 7b, maths and science",
        ("alder-school", "teacher", "7b"),
        Look("8a5a3c", "2a1d17", "wrap", "c8553d", "f6d8a8"), 48, staff=True,
    ),
    Person(
        "omar", "Omar Haddad", "goalkeeper · chess · always hungry",
        ("alder-school", "7b", "chess"),
        Look("c98f62", "231a16", "curly", "2f5d8a", "cfe0f2"), 12,
    ),
    Person(
        "priya", "Priya Raman", "I read the last page first",
        ("alder-school", "7b", "books"),
        Look("a8704a", "1e1614", "long", "b0413e", "f4d6d2", glasses=True), 22,
    ),
    Person(
        "luca", "Luca Moretti", "7b. If it has wheels I am there",
        ("alder-school", "7b", "bike-kitchen"),
        Look("e8b48c", "4a2f20", "short", "6b8f3a", "e3ecc9"), 3,
    ),
    Person(
        "sofia", "Sofía Herrera", "swim team, front row, loud",
        ("alder-school", "7b", "swimming"),
        Look("d9a077", "3a2218", "ponytail", "e07a3f", "fbe3c8"), 130,
    ),
    Person(
        "tomasz", "Tomasz Wrona", "Runs the Bike Kitchen. Bring your own rag.",
        ("bike-kitchen", "teacher"),
        Look("f0c4a0", "6e6a66", "bald", "2f4b3c", "d5e3d8", glasses=True, beard=True), 61,
    ),
    Person(
        "mei", "Mei Tanaka-Ross", "Wheels true, coffee strong",
        ("bike-kitchen", "choir"),
        Look("f2cfae", "14110f", "bob", "4f5d9b", "dde0f4"), 18,
    ),
    Person(
        "kofi", "Kofi Mensah", "Tenor. Also trains, timetables of trains.",
        ("bike-kitchen", "choir"),
        Look("5f3b26", "17100c", "short", "d0a92f", "f5ecc6"), 320,
    ),
    Person(
        "noor", "Noor Haddad", "Librarian at the Harbour Library. Omar's mother, he says sorry.",
        ("harbour-library", "books"),
        Look("c7926a", "4a6fa5", "scarf", "35527a", "d8e4f3"), 41, staff=True,
    ),
)  # fmt: skip
"""In the order in which they are made."""
