"""A client and a bot kit for Pipit and other servers of its protocol; see docs/sdk.md.

It needs aiohttp and msgspec, and of Pipit itself only `pipit.core`.
"""

from pipit.sdk.bot import Bot
from pipit.sdk.client import Client
from pipit.sdk.connection import Account, Offline, Online, Options
from pipit.sdk.drafty import Draft, plain_text
from pipit.sdk.errors import (
    ConfirmationNeeded,
    ConnectionLost,
    Detached,
    RequestRefused,
    RequestTimeout,
    SdkError,
)
from pipit.sdk.feed import Feed
from pipit.sdk.files import File
from pipit.sdk.incoming import Incoming, Sent
from pipit.sdk.packets import Ctrl, Desc, Info, Message, Presence, Row

__all__ = [
    "Account",
    "Bot",
    "Client",
    "ConfirmationNeeded",
    "ConnectionLost",
    "Ctrl",
    "Desc",
    "Detached",
    "Draft",
    "Feed",
    "File",
    "Incoming",
    "Info",
    "Message",
    "Offline",
    "Online",
    "Options",
    "Presence",
    "RequestRefused",
    "RequestTimeout",
    "Row",
    "SdkError",
    "Sent",
    "plain_text",
]
