"""Files of people to import."""

from pathlib import Path

import pytest

from pipit.commands import roster
from pipit.gateway.operations import NewUser, OperationError


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def users(path: Path) -> list[NewUser]:
    entries, problems = roster.read(path)
    assert problems == []
    return [entry.user for entry in entries]


@pytest.mark.parametrize(
    "content",
    [
        "login,name,tags\nAda,Ada Byron,maths;7b\n",
        "name;tags;login\nAda Byron;maths, 7b;ada\n",
        b'\xef\xbb\xbfLogin , NAME,Tags\r\n ada , Ada Byron ,"maths, 7b"\r\n',
        'login,name,tags\n\n,,\nada,"Ada Byron",maths;7b',
    ],
    ids=["plain", "other order and semicolons", "as a spreadsheet writes it", "with empty lines"],
)
def test_the_usual_kinds_of_csv_are_understood(tmp_path: Path, content: str | bytes) -> None:
    assert users(write(tmp_path, content)) == [
        NewUser("ada", "", "Ada Byron", tags=["maths", "7b"])
    ]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    content = 'login,name\nada,"Ada\nByron"\n\ngrace\n'
    entries, problems = roster.read(write(tmp_path, content))
    assert [entry.line for entry in entries] == [2]
    assert [problem.line for problem in problems] == [5]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "found columns none; allowed: login, name, password, email, tags"),
        ("login,fullname\n", "found columns login, fullname; allowed"),
        ("login,login,name\n", "found columns login, login, name; allowed"),
        ("name\n", "login and name must be there"),
        (b"login,name\nada,\xff\n", "is not UTF-8 text"),
        ('login,name\nada,"Ada\n', "is not CSV"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(OperationError, match=said):
        roster.read(write(tmp_path, content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"none\.csv: No such file"):
        roster.read(tmp_path / "none.csv")
