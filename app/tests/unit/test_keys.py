"""Keys that an installation makes for itself."""

import logging
import stat
from pathlib import Path

import pytest

from pipit.keys import KeyFileError, token_key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_made_once_and_then_kept(tmp_path: Path) -> None:
    first = token_key(tmp_path / "keys")
    assert len(first) == 32
    assert token_key(tmp_path / "keys") == first


def test_every_installation_has_its_own_key(tmp_path: Path) -> None:
    assert token_key(tmp_path / "one") != token_key(tmp_path / "two")


def test_only_the_owner_can_read_keys_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "keys"
    token_key(folder)
    assert mode(folder) == 0o700
    assert [path.name for path in folder.iterdir()] == ["token.key"]
    assert mode(folder / "token.key") == 0o600


def test_a_key_that_others_could_read_is_closed_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = token_key(tmp_path)
    path = tmp_path / "token.key"
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert token_key(tmp_path) == key
    assert mode(path) == 0o600
    assert str(path) in caplog.text


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_key_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token.key"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match=f"{path}: holds {len(content)} bytes, a key has 32"):
        token_key(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file in its place")
    with pytest.raises(KeyFileError, match="keys"):
        token_key(tmp_path / "keys")
