"""A file of people to import: CSV with a line of column names first.

    login,name,password,email,tags
    amina,Amina Diallo,,amina@example.org,"teacher; 7b"

`login` and `name` are needed, the rest may be missing or empty; tags are divided by `;` or `,`.
Spreadsheets of some countries write `;` between cells, and a byte order mark: both are understood.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipit.gateway.operations import NewUser, OperationError

NEEDED = ("login", "name")
COLUMNS = (*NEEDED, "password", "email", "tags")


@dataclass(frozen=True, slots=True)
class Entry:
    """A person, and the number of the line where it begins."""

    line: int
    user: NewUser


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a line: what was found and what is allowed."""

    line: int
    text: str


def read(path: Path) -> tuple[list[Entry], list[Problem]]:
    """The people of a file, and the lines that cannot be understood.

    Raises OperationError for a file that is none of this kind.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
    except OSError as fault:
        raise OperationError(f"{path}: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise OperationError(f"{path}: is not UTF-8 text; save it as CSV UTF-8") from None
    first = lines[0] if lines else ""
    rows = csv.reader(lines, delimiter=";" if ";" in first else ",", strict=True)
    try:
        columns = _columns(path, next(rows, []))
        return _entries(rows, columns)
    except csv.Error as fault:
        raise OperationError(f"{path}:{rows.line_num}: is not CSV: {fault}") from None


def _columns(path: Path, header: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in header]
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in columns]
    if unknown or missing or len(set(columns)) < len(columns):
        raise OperationError(
            f"{path}:1: found columns {', '.join(columns) or 'none'}; allowed: "
            f"{', '.join(COLUMNS)}, each once, of which {' and '.join(NEEDED)} must be there"
        )
    return columns


def _entries(rows: Iterator[list[str]], columns: list[str]) -> tuple[list[Entry], list[Problem]]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for line, cells in _numbered(rows):
        if len(cells) != len(columns):
            text = f"found {len(cells)} cells, allowed: {len(columns)}, as in the first line"
            problems.append(Problem(line, text))
            continue
        user = _user(dict(zip(columns, cells, strict=True)))
        entries.append(Entry(line, user))
        if not user.name:
            problems.append(Problem(line, "name: found nothing, allowed: a full name"))
        if (before := lines.setdefault(user.login, line)) != line:
            problems.append(Problem(line, f"login {user.login!r}: line {before} has it already"))
    return entries, problems


def _numbered(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line in which it begins."""
    begin = 2
    for cells in rows:
        if any(cell.strip() for cell in cells):
            yield begin, [cell.strip() for cell in cells]
        begin = rows.line_num + 1  # type: ignore[attr-defined]  # it is a csv.reader


def _user(cells: dict[str, str]) -> NewUser:
    return NewUser(
        login=cells["login"].lower(),
        name=cells["name"],
        password=cells.get("password", ""),
        email=cells.get("email", ""),
        tags=[tag.strip() for tag in re.split("[;,]", cells.get("tags", "")) if tag.strip()],
    )
