"""All parts of a running service, put together."""

from __future__ import annotations

from dataclasses import dataclass

from pipit.accounts.service import Accounts
from pipit.bus.base import Bus
from pipit.cluster.cluster import Cluster
from pipit.config import Settings
from pipit.gateway.limits import Limits
from pipit.store.base import Store
from pipit.topics.hub import Hub


@dataclass(slots=True)
class Service:
    """What request handlers work with."""

    settings: Settings
    store: Store
    bus: Bus
    accounts: Accounts
    hub: Hub
    limits: Limits
    cluster: Cluster | None = None
