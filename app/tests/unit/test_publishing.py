"""What publishing a message changes, and what not when the store refuses it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import Raw

from pipit.store.base import Unavailable
from pipit.store.sqlite import SqliteStore
from pipit.topics.group import Group
from pipit.topics.publishing import accept
from pipit.topics.session import Session
from pipit.wire.requests import Pub


def test_a_message_that_the_store_refuses_takes_no_number(tmp_path: Path) -> None:
    closed: Any = SimpleNamespace(store=SqliteStore(tmp_path / "pipit.db"))
    topic = Group(cast(Any, closed), "grpAAAAAAAAAAA")
    with pytest.raises(Unavailable):
        accept(topic, Session("", ""), Pub(id="1", topic=topic.name, content=Raw(b'"Hello"')))
    assert topic.seq == 0
    assert not topic.pending, "the next acknowledgement would go to this sender"
