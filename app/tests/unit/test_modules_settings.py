"""The modules' settings: what the documentation shows is valid, what is wrong is said in a line."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from pipit.bus.events import AnyEvent
from pipit.config import ConfigError, load
from pipit.config.modules import EventName
from pipit.config.reference import sections
from pipit.modules import MODULES

DOCS = Path(__file__).parents[3] / "docs" / "modules.md"
TARGET = {"name": "one", "url": "https://example.org/", "topics": ["*"]}


def complaint(folder: Path, section: str, **values: Any) -> str:
    """The one line that wrong settings lead to."""
    path = folder / "pipit.yaml"
    path.write_text(yaml.safe_dump({section: values}))
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "One"}, "webhooks.targets: name: found One, allowed: up to 32 of a-z, 0-9 and -"),
        ({"url": "ftp://x/"}, "webhooks.targets: one: url: found ftp://x/, allowed: http://… or"),
        ({"url": "http://"}, "webhooks.targets: one: url: found http://, allowed: http://… or"),
        ({"url": "https://me:pw@x/"}, "https://…, without a login"),
        ({"topics": ["me"]}, "one: topics: found me, allowed: names as grp… or chn…, or '*'"),
        ({"events": ["all"]}, "Invalid enum value 'all' - at `$[0].events[0]`"),
        ({"secret": "x"}, "Object contains unknown field `secret`"),
    ],
)
def test_a_wrong_target_is_named_with_what_is_allowed(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in complaint(tmp_path, "webhooks", targets=[TARGET | change])


def test_names_are_given_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "webhooks", targets=[TARGET, TARGET])
    assert said == "webhooks.targets: name: found one 2 times, allowed: once"


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        (
            "webhooks",
            {"incoming": [{"name": "a", "topic": "usrAAAAAAAAAAE"}]},
            "webhooks.incoming: a: topic: found usrAAAAAAAAAAE, allowed: a name as grp… or chn…",
        ),
        (
            "chatai",
            {"endpoint": "llm"},
            "chatai.endpoint: found llm, allowed: http://… or https://",
        ),
        ("chatai", {"url": "ws://x"}, "chatai.url: found ws://x, allowed: http://… or https://"),
        (
            "chatai",
            {"price_in": -1},
            "chatai.price_in: found -1, allowed: a number from 0 to 1000000",
        ),
        ("chatai", {"api_key": "sk"}, "chatai.api_key: a secret does not belong in this file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    section: str, values: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert complaint(tmp_path, section, **values).startswith(said)


def test_the_settings_in_the_docs_are_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    for name in ("robin.password", "notices.password"):
        (tmp_path / name).write_text("secret")
    for block in blocks:
        path = tmp_path / "pipit.yaml"
        path.write_text(block)
        assert load(path, {}) != load(None, {})
    assert len(blocks) == 4


def test_every_module_has_a_section_and_every_event_its_name() -> None:
    assert MODULES.keys() <= sections().keys()
    tags = {event.__struct_config__.tag for event in get_args(AnyEvent)}
    assert set(get_args(EventName)) == tags


def test_settings_of_lists_keep_their_types() -> None:
    targets = msgspec.json.encode([TARGET | {"allow_private": "true"}]).decode()
    (target,) = load(None, {"PIPIT_WEBHOOKS_TARGETS": targets}).webhooks.targets
    assert (target.allow_private, target.topics) == (True, ("*",))
