"""Alerts as chat messages: takes POSTs in the form of Prometheus Alertmanager, writes to a topic.

    curl -H "Authorization: Bearer $RELAY_TOKEN" http://127.0.0.1:8099/alerts -d '{"alerts": [
      {"status": "firing", "labels": {"alertname": "DiskFull"},
       "annotations": {"summary": "The disk of pi-4 is full"}}]}'

200: the message is stored. 503: it may be or not, send it again. `BOT_TOPIC` is `usr…` or `grp…`, a
group of which the bot is a member.
"""

import hmac
import logging
import os
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from pipit.sdk import Client, Draft, RequestRefused, SdkError

TOPIC = os.environ["BOT_TOPIC"]
TOKEN = os.environ["RELAY_TOKEN"]
SIGNS = {"firing": "🔥", "resolved": "✅"}
CLIENT = web.AppKey("CLIENT", Client)


async def connected(app: web.Application) -> AsyncIterator[None]:
    async with Client(os.environ["BOT_URL"]) as client:
        await client.login(os.environ["BOT_LOGIN"], os.environ["BOT_PASSWORD"])
        await client.subscribe(TOPIC)
        app[CLIENT] = client
        yield


async def relay(request: web.Request) -> web.Response:
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(key.encode(), TOKEN.encode()):
        return web.Response(status=401, text="wrong token\n")
    try:
        text = described((await request.json())["alerts"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return web.Response(status=400, text='expected {"alerts": [{"labels": {...}, ...}, ...]}\n')
    try:
        seq = await request.app[CLIENT].publish(TOPIC, text)
    except SdkError as error:
        logging.error("An alert was not passed on: %s", error)
        code = 502 if isinstance(error, RequestRefused) and not error.is_passing else 503
        return web.Response(status=code, text=f"{error}\n")
    return web.json_response({"topic": TOPIC, "seq": seq})


def described(alerts: list[dict[str, Any]]) -> Draft:
    """A line for each alert: what, and what about it. ValueError if there is none."""
    if not alerts:
        raise ValueError("no alerts")
    draft = Draft()
    for number, alert in enumerate(alerts):
        if number:
            draft.line()
        name = alert["labels"].get("alertname", "Alert")
        about = alert.get("annotations", {}).get("summary", "")
        draft.text(f"{SIGNS.get(alert.get('status', ''), '•')} ").bold(name).text(f" {about}")
    return draft


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    application = web.Application()
    application.cleanup_ctx.append(connected)
    application.router.add_post("/alerts", relay)
    web.run_app(application, host="127.0.0.1", port=int(os.environ.get("RELAY_PORT", "8099")))
