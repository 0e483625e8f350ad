"""From the settings to a place among the gateways."""

from __future__ import annotations

from typing import cast

from redis.asyncio import Redis

from pipit import keys
from pipit.cluster.cluster import Cluster
from pipit.cluster.fencing import FencedStore
from pipit.cluster.leases import Leases
from pipit.config import Settings
from pipit.store.base import Store
from pipit.topics.hub import Hub

REDIS_PORT = 6379
PATIENCE_SECONDS = 1.0
"""For Redis to connect or answer, before it is asked anew."""


def make_leases(settings: Settings) -> Leases:
    """The leases of this gateway; Redis is not asked yet."""
    queue, cluster = settings.message_queue, settings.cluster
    redis = Redis(
        host=queue.host,
        port=queue.port or REDIS_PORT,
        username=queue.user or None,
        password=queue.password or None,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        single_connection_client=True,
    )
    address = cluster.advertise or settings.cluster_listen
    return Leases(redis, cluster.name, address, float(cluster.lease_seconds))


def fence(store: Store, leases: Leases) -> Store:
    """The store as a hub of this gateway may use it."""
    return cast(Store, FencedStore(store, leases.holds))


def make_cluster(settings: Settings, hub: Hub, leases: Leases) -> Cluster:
    """This gateway among the others, not taking part yet. Raises KeyFileError."""
    return Cluster(hub, leases, settings.cluster_listen, keys.cluster_key(settings.keys_dir))
