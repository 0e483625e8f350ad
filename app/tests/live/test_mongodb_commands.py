"""The commands do on MongoDB what they do on SQLite."""

import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import done, pipit
from tests.support.mongod import Mongod


@pytest.fixture
def settings(mongod: Mongod) -> Iterator[dict[str, Any]]:
    name = f"live_{uuid.uuid4().hex}"
    yield {"database_type": "mongodb", "database_port": mongod.port, "database_name": name}
    mongod.drop(name)


async def test_a_demo_is_made_listed_and_exported(settings: dict[str, Any], tmp_path: Path) -> None:
    await done(tmp_path, "demo", "--password", "secret123", **settings)
    assert "Freya Lindqvist" in await done(tmp_path, "user", "list", **settings)
    again = await pipit(tmp_path, "demo", **settings)
    assert again.code == 1
    await done(tmp_path, "export", "freya", "--out", tmp_path / "freya.zip", **settings)
    names = zipfile.ZipFile(tmp_path / "freya.zip").namelist()
    assert len([name for name in names if name.endswith("about.json")]) > 3
    assert not (tmp_path / "pipit.db").exists()


async def test_an_export_makes_no_database(settings: dict[str, Any], tmp_path: Path) -> None:
    refused = await pipit(tmp_path, "export", "freya", **settings)
    assert refused.code == 1
    assert refused.err.strip().endswith("does not exist")


async def test_doctor_tells_of_the_server(settings: dict[str, Any], tmp_path: Path) -> None:
    sound = await pipit(tmp_path, "doctor", **settings)
    assert "database: MongoDB " in sound.out
    settings["database_port"] = 1
    away = await pipit(tmp_path, "doctor", **settings)
    assert away.code == 1
    assert "on 127.0.0.1:1 gives no answer: " in away.out
