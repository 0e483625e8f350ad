"""Reads the scripts of `story`: who says what, and when.

@ 2 mon 15:40              Monday two calendar weeks ago, at 15:40
@ yesterday 18:30
@ 50 minutes ago
omar: Which page was it?
amina > omar: 42           answers Omar's latest message
omar = Which page is it?   what Omar's latest message is changed into
luca [wheel]: Look         with a picture
  | a second line of the same message
    which goes on here
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_MOMENT = re.compile(
    rf"@ (?:(?P<weeks>\d) (?P<day>{'|'.join(DAYS)}) |(?P<yesterday>yesterday ))(?P<time>\d\d:\d\d)"
    r"|@ (?P<minutes>\d+) minutes ago"
)
_SAID = re.compile(
    r"(?P<speaker>\w+)(?: > (?P<answers>\w+))?(?: \[(?P<picture>\w+)\])?(?P<mark>:| =) (?P<text>.*)"
)


@dataclass(slots=True)
class Line:
    """A message to be. `at` is milliseconds since 1970; `answers` and `edits` count from 0."""

    at: int
    speaker: str
    text: str
    answers: int | None = None
    edits: int | None = None
    picture: str = ""


def read(script: str, now: datetime, random: Random) -> list[Line]:
    """The messages of a script, in order. `now` is local time.

    Raises ValueError for a line that is none of these, or a time before the one above it.
    """
    lines: list[Line] = []
    latest: dict[str, int] = {}
    moment: datetime | None = None
    for text in script.strip("\n").splitlines():
        if text.startswith("  "):
            lines[-1].text += _continued(text.strip())
        elif found := _MOMENT.fullmatch(text):
            moment = _later(moment, _moment(found, now), text)
        elif moment is None:
            raise ValueError(f"{text!r}: a line such as '@ 1 mon 15:40' must come first")
        elif said := _SAID.fullmatch(text):
            lines.append(_line(said, moment, latest))
            latest[said["speaker"]] = len(lines) - 1
            moment += timedelta(seconds=random.uniform(6, 30) + 0.4 * len(text))
        elif text:
            raise ValueError(f"{text!r} is no line of a script")
    return lines


def _continued(text: str) -> str:
    return "\n" + text[2:] if text.startswith("| ") else " " + text


def _line(said: re.Match[str], moment: datetime, latest: dict[str, int]) -> Line:
    line = Line(_ms(moment), said["speaker"], said["text"], picture=said["picture"] or "")
    if said["answers"]:
        line.answers = latest[said["answers"]]
    if said["mark"] == " =":
        line.edits = latest[said["speaker"]]
    return line


def _moment(found: re.Match[str], now: datetime) -> datetime:
    if found["minutes"]:
        return now - timedelta(minutes=int(found["minutes"]))
    if found["yesterday"]:
        day = now.date() - timedelta(days=1)
    else:
        monday = now.date() - timedelta(days=now.weekday() + 7 * int(found["weeks"]))
        day = monday + timedelta(days=DAYS.index(found["day"]))
    return datetime.combine(day, time.fromisoformat(found["time"]))


def _later(before: datetime | None, moment: datetime, text: str) -> datetime:
    if before is not None and moment < before:
        raise ValueError(f"{text!r} comes before what is said above it")
    return moment


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
