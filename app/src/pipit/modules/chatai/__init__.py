"""The module `chatai`: a member that answers with a language model, where it was switched on.

A message goes from `questions` (is it for the assistant?) to `assistant`, which sees to it with
`commands`, or with `context` (what is sent), `ledger` (what was sent), `model` and `writing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import prometheus_client

from pipit.config import ConfigError
from pipit.config.modules import ChatAI
from pipit.modules.base import Context, Handlers
from pipit.modules.chatai import database
from pipit.modules.chatai.assistant import MOST_WAITING, Assistant
from pipit.modules.chatai.commands import Commands
from pipit.modules.chatai.ledger import Ledger
from pipit.modules.chatai.model import Model
from pipit.modules.chatai.notebook import Notebook
from pipit.modules.member import logged_in
from pipit.sdk.client import Client

SPARE = 12
"""Events that are handled beside the questions that wait for the model, such as commands."""


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Handlers]:
    """Starts, runs while its caller does, and ends. Raises ConfigError, OSError."""
    settings = context.settings.chatai
    _check(settings)

    async def show_name(client: Client) -> None:
        await client.subscribe("me")
        if (await client.desc("me")).name != settings.name:
            await client.describe("me", public={"fn": settings.name})

    db = database.connect(database.path(context.settings))
    model = Model(settings)
    try:
        async with logged_in(context, settings, "chatai", show_name) as member:
            notebook, ledger = Notebook(db), Ledger(db, settings)
            commands = Commands(settings, member, notebook, ledger)
            outcomes = prometheus_client.Counter(
                "pipit_chatai_requests", "By outcome.", ["outcome"], registry=context.registry
            )
            turn = asyncio.Semaphore(settings.parallel)
            assistant = Assistant(
                settings, member, model, notebook, ledger, commands, outcomes, turn
            )
            context.at_once = MOST_WAITING + SPARE
            yield {"chatai": assistant.handle}
    finally:
        await model.close()
        db.close()


def _check(settings: ChatAI) -> None:
    for key, allowed in (
        ("endpoint", "the address of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1"),
        ("model", "the name of a model at the endpoint"),
        ("name", "the name that members see"),
    ):
        if not getattr(settings, key):
            raise ConfigError(f"chatai.{key}: found nothing, allowed: {allowed}")
