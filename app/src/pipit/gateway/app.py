"""The HTTP application: which path leads where, put together from its parts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from pipit.gateway import answers, collector
from pipit.gateway.address import Addresses
from pipit.gateway.dispatch import Dispatcher
from pipit.gateway.downloads import Downloads, options
from pipit.gateway.filestore import FileStore
from pipit.gateway.handshake import Handshakes
from pipit.gateway.health import Health
from pipit.gateway.heartbeat import Heartbeat
from pipit.gateway.longpoll import LongPolling
from pipit.gateway.metrics import Metrics, Sources
from pipit.gateway.outbound import Outbound
from pipit.gateway.service import Service
from pipit.gateway.sessions import Sessions
from pipit.gateway.static import add_static
from pipit.gateway.uploads import Uploads
from pipit.gateway.websocket import Endpoint


@dataclass(slots=True)
class Gateway:
    """What clients reach, and what keeps it going."""

    service: Service
    dispatcher: Dispatcher
    sessions: Sessions
    heartbeat: Heartbeat
    files: FileStore
    polling: LongPolling
    metrics: Metrics
    app: web.Application

    def chores(self) -> list[asyncio.Task[None]]:
        """Starts what runs beside the requests, until cancelled."""
        hours = self.service.settings.files.unlinked_hours
        return [
            asyncio.create_task(self.heartbeat.run()),
            asyncio.create_task(self.polling.expire()),
            asyncio.create_task(collector.run(self.service.store, self.files, hours)),
        ]


def make_gateway(service: Service) -> Gateway:
    """All parts of the gateway, ready to be served."""
    settings = service.settings
    addresses = Addresses(settings.server.trusted_proxies)
    dispatcher = Dispatcher(service)
    sessions = Sessions(dispatcher, service.limits)
    outbound = Outbound(asyncio.get_running_loop())
    heartbeat = Heartbeat()
    endpoint = Endpoint(sessions, outbound, heartbeat, settings.messages.max_bytes)
    files = FileStore(settings.files_dir)
    polling = LongPolling(service, sessions, addresses)
    uploads = Uploads(service, files, addresses)
    health = Health(service.store, service.cluster)
    sources = Sources(sessions, outbound, heartbeat, uploads, health, service.hub, service.cluster)
    metrics = Metrics(sources, settings.metrics.token)

    app = web.Application(middlewares=[answers.errors], client_max_size=settings.messages.max_bytes)
    app.on_response_prepare.append(answers.secure)
    app.router.add_get("/v0/channels", Handshakes(service, endpoint, addresses).connect)
    app.router.add_route("*", "/v0/channels/lp", polling.handle)
    app.router.add_route("*", "/v0/file/u", _with_slash)
    app.router.add_post("/v0/file/u/", uploads.post)
    app.router.add_get("/v0/file/s/{name}", Downloads(service, files, addresses).get)
    app.router.add_route("OPTIONS", "/v0/file/{path:.*}", options)
    app.router.add_get("/healthz", health.get)
    if settings.metrics.token:
        app.router.add_get("/metrics", metrics.get)
    if settings.web_root:
        add_static(app, settings.web_root)
    return Gateway(service, dispatcher, sessions, heartbeat, files, polling, metrics, app)


async def _with_slash(request: web.Request) -> web.Response:
    query = f"?{request.query_string}" if request.query_string else ""
    raise web.HTTPTemporaryRedirect(f"/v0/file/u/{query}")
