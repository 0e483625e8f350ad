"""GET /metrics: figures of the running service for Prometheus.

They are plain numbers where they arise, and are read when they are asked for: counting costs an
addition, no look-up by labels.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable
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

from pipit.bus.base import Bus
from pipit.bus.events import AnyEvent, MessageStored
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


class Metrics(Collector):
    """Answers scrapes. `token`: what they must show, "" for nothing."""

    def __init__(self, sources: Sources, token: str = "") -> None:
        self.sources = sources
        self.token = token
        self.events: Counter[type] = Counter()
        self.registry = CollectorRegistry()
        self.registry.register(self)
        for own in (ProcessCollector, PlatformCollector, GCCollector):
            own(registry=self.registry)

    async def subscribe(self, bus: Bus) -> None:
        """Begins to count what happens."""
        await bus.subscribe("metrics", self._count)

    async def get(self, request: web.Request) -> web.Response:
        """All figures. Raises Refused (401) without the token."""
        shown = request.headers.get("Authorization", "")
        if self.token and not hmac.compare_digest(shown.encode(), f"Bearer {self.token}".encode()):
            raise Refused(status.AUTH_REQUIRED)
        await self.sources.health.check()
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

    def _gauges(self) -> Iterable[Metric]:
        sources = self.sources
        kinds = Counter("longpoll" if one.polled else "websocket" for one in sources.sessions.open)
        sessions = GaugeMetricFamily("pipit_sessions", "Open connections.", labels=["transport"])
        for transport in ("websocket", "longpoll"):
            sessions.add_metric([transport], kinds[transport])
        yield sessions
        for name, about, value in (
            ("users_online", "People with an app attached.", len(sources.hub.online)),
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
            ("messages", "Messages stored.", self.events[MessageStored]),
        ):
            yield CounterMetricFamily(f"pipit_{name}", about, value)

    async def _count(self, event: AnyEvent) -> None:
        self.events[type(event)] += 1
