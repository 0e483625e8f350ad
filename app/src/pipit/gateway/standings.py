"""Accounts that another process suspended, restored or deleted, or gave a new password."""

import asyncio
import logging

from pipit.accounts.service import Accounts
from pipit.accounts.standing import Standing
from pipit.bus.control import AnyControl, Missed, StandingChanged
from pipit.store.base import StoreError
from pipit.topics.hub import Hub

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between two attempts to read the store."""


async def heard(hub: Hub, control: AnyControl) -> None:
    """Ends an account's sessions here if this process did not know of the change yet."""
    match control:
        case StandingChanged(user, generation, state):
            if hub.accounts.standings.learn(user, Standing(generation, state)):
                await hub.end_sessions(user)
        case Missed():
            for user in await _changed_meanwhile(hub.accounts):
                await hub.end_sessions(user)


async def _changed_meanwhile(accounts: Accounts) -> list[str]:
    """Whose standing the store has changed; read as soon as it can be."""
    while True:
        try:
            return await accounts.refresh_standings()
        except StoreError as fault:
            log.warning("accounts that changed elsewhere are not known yet: %s", fault)
            await asyncio.sleep(RETRY)
