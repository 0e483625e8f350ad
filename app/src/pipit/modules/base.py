"""What a module is: a function `running` of a Context.

It is an asynchronous context manager: what comes before its `yield` is the start, what comes after
it the end. It yields what handles events.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web
from prometheus_client import CollectorRegistry

from pipit.bus.base import Handler
from pipit.config import Settings

Handlers: TypeAlias = dict[str, Handler]
"""What is called with every event, by the name of the consumer group that keeps its place.

The name is the module's, `example`, or begins with it, `webhooks.tickets`. Each group is told every
event, in order, at least once; see pipit.bus.base.
"""

Check: TypeAlias = Callable[[], str]
"""What is wrong, in a few words; "" if nothing is."""


@dataclass(slots=True)
class Context:
    """What a module is given.

    `app` is its HTTP listener: routes are added at the start. `registry` takes its metrics, and
    `checks` what /healthz asks, by name. `at_once`: how many events each group handles at the same
    time, those of one conversation still one after another; to be set at the start.
    """

    settings: Settings
    app: web.Application = field(default_factory=web.Application)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    checks: dict[str, Check] = field(default_factory=dict)
    at_once: int = 1
