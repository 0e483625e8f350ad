"""The module `webhooks`: events go to other programs, messages of other programs come in.

`deliveries` and `incoming` are its two halves. `addresses` of pipit.modules keeps deliveries off
private networks. Keys and tokens lie in `<data.dir>/webhooks`, see `secrets`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import prometheus_client

from pipit.accounts.rates import Rate
from pipit.config import ConfigError, Settings
from pipit.config.modules import Target
from pipit.modules import addresses
from pipit.modules.base import Context, Handlers
from pipit.modules.member import Member, logged_in
from pipit.modules.webhooks import incoming, secrets
from pipit.modules.webhooks.breaker import Breaker
from pipit.modules.webhooks.deliveries import Delivery, Figures, make_figures
from pipit.modules.webhooks.incoming import Incoming


def folder(settings: Settings) -> Path:
    """Where keys and tokens are."""
    return settings.data_dir / "webhooks"


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Handlers]:
    """Starts, runs while its caller does, and ends. Raises ConfigError."""
    settings = context.settings
    if not settings.webhooks.targets and not settings.webhooks.incoming:
        allowed = "at least one, here or in webhooks.incoming"
        raise ConfigError(f"webhooks.targets: found nothing, allowed: {allowed}")
    async with AsyncExitStack() as stack:
        member: Member | None = None
        if settings.webhooks.incoming:
            account = logged_in(context, settings.webhooks, "webhooks")
            member = await stack.enter_async_context(account)
            _add_hooks(context, member)
        figures = make_figures(context.registry)
        handlers: Handlers = {}
        for target in settings.webhooks.targets:
            session = await stack.enter_async_context(_session(target, settings))
            delivery = _delivery(target, settings, session, figures, member)
            handlers[f"webhooks.{target.name}"] = delivery.handle
        yield handlers


def _add_hooks(context: Context, member: Member) -> None:
    settings = context.settings
    hooks = {
        incoming.digest(secrets.hook_token(folder(settings), hook.name)): hook
        for hook in settings.webhooks.incoming
    }
    posted = prometheus_client.Counter(
        "pipit_webhooks_posted", "Messages of hooks.", ["hook"], registry=context.registry
    )
    rate = Rate(settings.webhooks.posts_per_minute, 60)
    answers = Incoming(hooks, member, rate, posted)
    context.app.router.add_post("/hooks/{token}", answers.post)


def _session(target: Target, settings: Settings) -> aiohttp.ClientSession:
    """HTTP with the caps of a target: time, public addresses only, no cookies, no proxy."""
    guard = None if target.allow_private else addresses.public_socket
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=guard, limit=1, use_dns_cache=False),
        timeout=aiohttp.ClientTimeout(total=settings.webhooks.timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _delivery(
    target: Target,
    settings: Settings,
    session: aiohttp.ClientSession,
    figures: Figures,
    member: Member | None,
) -> Delivery:
    hooks = settings.webhooks
    return Delivery(
        target,
        secrets.signing_key(folder(settings), target.name),
        session,
        Breaker(hooks.failures, hooks.pause),
        hooks.keep_hours * 3600,
        figures,
        member,
    )
