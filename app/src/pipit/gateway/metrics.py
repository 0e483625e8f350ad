"""GET /metrics: figures of the running service for Prometheus.

They are plain numbers where they arise, and are read when they are asked for: counting costs an
addition, no look-up by labels.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    exposition,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pipit.bus.base import BusUnavailable, GroupStatus
from pipit.bus.events import MessageStored
from pipit.cluster.cluster import Cluster, Figures
from pipit.gateway.health import Health
from pipit.gateway.heartbeat import Heartbeat
from pipit.gateway.outbound import Outbound
from pipit.gateway.sessions import Sessions
from pipit.gateway.uploads import Uploads
from pipit.topics.hub import Hub
from pipit.wire import status
from pipit.wire.status import Refused

ANSWERS = "Requests answered with a {ctrl}, by code; messages taken are in pipit_messages."


@dataclass(slots=True)
class Sources:
    """Where the figures come from."""

    sessions: Sessions
    outbound: Outbound
    heartbeat: Heartbeat
    uploads: Uploads
    health: Health
    hub: Hub
    cluster: Cluster | None = None


class Metrics(Collector):
    """Answers scrapes. `token`: what they must show, "" for nothing."""

    def __init__(self, sources: Sources, token: str = "") -> None:
        self.sources = sources
        self.token = token
        self.groups: list[GroupStatus] = []
        self.registry = CollectorRegistry()
        self.registry.register(self)
        for own in (ProcessCollector, PlatformCollector, GCCollector):
            own(registry=self.registry)

    async def get(self, request: web.Request) -> web.Response:
        """All figures. Raises Refused (401) without the token."""
        shown = request.headers.get("Authorization", "")
        if self.token and not hmac.compare_digest(shown.encode(), f"Bearer {self.token}".encode()):
            raise Refused(status.AUTH_REQUIRED)
        await self.sources.health.check()
        self.groups = []
        with suppress(BusUnavailable, ValueError):
            self.groups = await self.sources.hub.bus.status()
        headers = {"Content-Type": exposition.CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(self.registry), headers=headers)

    def collect(self) -> Iterable[Metric]:
        """The figures of now (called by the registry)."""
        yield from self._gauges()
        yield from self._counters()
        answers = CounterMetricFamily("pipit_answers", ANSWERS, labels=["code"])
        for code, number in self.sources.sessions.answers.items():
            answers.add_metric([str(code)], number)
        yield answers
        if self.sources.cluster is not None:
            yield from _share(self.sources.cluster.figures())
        yield from self._events()

    def _gauges(self) -> Iterable[Metric]:
        sources = self.sources
        kinds = Counter("longpoll" if one.polled else "websocket" for one in sources.sessions.open)
        sessions = GaugeMetricFamily("pipit_sessions", "Open connections.", labels=["transport"])
        for transport in ("websocket", "longpoll"):
            sessions.add_metric([transport], kinds[transport])
        yield sessions
        for name, about, value in (
            ("users_online", "People with an app attached.", sources.hub.users_online),
            ("topics", "Topics in memory.", len(sources.hub.topics)),
            ("up", "Whether the store answers.", not sources.health.fault),
            ("store_seconds", "A write and a read in the store.", sources.health.round_trip),
            ("loop_lag_seconds", "Longest of late.", sources.heartbeat.take_longest_lag()),
        ):
            yield GaugeMetricFamily(f"pipit_{name}", about, value)

    def _counters(self) -> Iterable[Metric]:
        sources = self.sources
        for name, about, value in (
            ("connections", "Connections since the start.", sources.sessions.connections),
            ("cut_off", "Clients that did not read.", sources.sessions.cut_off),
            ("requests", "Packets received.", sources.sessions.requests),
            ("request_bytes", "Letters received in packets.", sources.sessions.request_bytes),
            ("sent", "Frames sent through WebSockets.", sources.outbound.frames),
            ("sent_bytes", "Bytes sent through WebSockets.", sources.outbound.bytes),
            ("uploads", "Files taken.", sources.uploads.taken),
            ("messages", "Messages stored.", sources.hub.bus.figures.published[MessageStored]),
        ):
            yield CounterMetricFamily(f"pipit_{name}", about, value)

    def _events(self) -> Iterable[Metric]:
        figures = self.sources.hub.bus.figures
        for name, about, value in (
            ("queue_up", "Whether the message queue can be reached.", figures.connected),
            ("events_waiting", "Events in memory that the queue has not taken.", figures.waiting),
            ("events_outbox", "Events in the store, for when the queue is back.", figures.outbox),
        ):
            yield GaugeMetricFamily(f"pipit_{name}", about, value)
        yield CounterMetricFamily("pipit_events", "Events.", figures.published.total())
        yield CounterMetricFamily("pipit_events_lost", "Of a full outbox.", figures.dropped)
        waiting = GaugeMetricFamily("pipit_group_waiting", "Before a module.", labels=["group"])
        dead = GaugeMetricFamily("pipit_group_dead", "Dead letters.", labels=["group"])
        for group in self.groups:
            waiting.add_metric([group.name], group.waiting)
            dead.add_metric([group.name], group.dead)
        yield from (waiting, dead)


def _share(figures: Figures) -> Iterable[Metric]:
    """What a gateway that is one of several adds."""
    for name, about, value in (
        ("slots", "Slots of 256 whose topics this gateway owns.", figures.slots),
        ("links", "Other gateways that are linked.", figures.links),
        ("clients", "Clients here that use topics elsewhere.", figures.clients),
        ("guests", "Clients elsewhere that use topics here.", figures.guests),
    ):
        yield GaugeMetricFamily(f"pipit_cluster_{name}", about, value)
    about = "Packets sent on to the owners of their topics."
    yield CounterMetricFamily("pipit_cluster_forwarded", about, figures.forwarded)
