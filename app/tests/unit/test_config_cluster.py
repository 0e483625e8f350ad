"""Settings of a gateway that is one of several."""

from pathlib import Path

import pytest

from pipit.config import load
from pipit.config.errors import ConfigError

GOOD = {
    "PIPIT_DATABASE_TYPE": "mongodb",
    "PIPIT_MESSAGE_QUEUE_TYPE": "redis",
    "PIPIT_CLUSTER_ENABLED": "true",
    "PIPIT_CLUSTER_NAME": "a",
    "PIPIT_DATA_DIR": "/var/lib/pipit",
}


def test_a_gateway_is_reached_at_a_socket_in_the_data_folder_unless_said_otherwise() -> None:
    assert load(None, GOOD).cluster_listen == "/var/lib/pipit/cluster-a.sock"
    there = load(None, GOOD | {"PIPIT_CLUSTER_LISTEN": "0.0.0.0:7070"})
    assert there.cluster_listen == "0.0.0.0:7070"


def test_alone_none_of_it_matters() -> None:
    assert not load(None, {"PIPIT_CLUSTER_LISTEN": "nonsense"}).cluster.enabled


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"PIPIT_DATABASE_TYPE": "sqlite"}, "database.type: found sqlite, allowed: mongodb"),
        (
            {"PIPIT_MESSAGE_QUEUE_TYPE": "memory"},
            "message_queue.type: found memory, allowed: redis",
        ),
        ({"PIPIT_CLUSTER_NAME": ""}, "cluster.name: found nothing, allowed: 1 to 32"),
        ({"PIPIT_CLUSTER_NAME": "a b"}, "cluster.name: found a b, allowed: 1 to 32"),
        ({"PIPIT_CLUSTER_LISTEN": "here"}, "cluster.listen: found here, allowed: host:port"),
        ({"PIPIT_CLUSTER_LISTEN": "a:99999"}, "cluster.listen: found a:99999, allowed: host:port"),
        ({"PIPIT_CLUSTER_LISTEN": "/" + 107 * "x"}, "at most 107 bytes"),
        ({"PIPIT_CLUSTER_ADVERTISE": "b:"}, "cluster.advertise: found b:, allowed: host:port"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as fault:
        load(None, GOOD | wrong)
    assert said in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_deep_data_folder_needs_an_address_that_fits(tmp_path: Path) -> None:
    deep = str(tmp_path / (100 * "x"))
    with pytest.raises(ConfigError, match=r"cluster\.listen"):
        load(None, GOOD | {"PIPIT_DATA_DIR": deep})
