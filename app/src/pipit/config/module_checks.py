"""What the types of the modules' settings cannot say."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pipit.config.settings import Settings

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
TOPIC = re.compile(r"(grp|chn)[A-Za-z0-9_-]{11}")


def complaints(settings: Settings) -> Iterator[str]:
    """What is wrong with the modules' sections: `key: found ..., allowed: ...`."""
    hooks = settings.webhooks
    yield from _about_names("webhooks.targets", (one.name for one in hooks.targets))
    yield from _about_names("webhooks.incoming", (one.name for one in hooks.incoming))
    for target in hooks.targets:
        where = f"webhooks.targets: {target.name}"
        yield from _about_url(f"{where}: url", target.url)
        for topic in target.topics:
            if topic != "*" and not TOPIC.fullmatch(topic):
                yield f"{where}: topics: found {topic}, allowed: names as grp… or chn…, or '*'"
    for hook in hooks.incoming:
        if not TOPIC.fullmatch(hook.topic):
            found = f"webhooks.incoming: {hook.name}: topic: found {hook.topic or 'nothing'}"
            yield f"{found}, allowed: a name as grp… or chn…"
    addresses = {
        "webhooks.url": hooks.url,
        "chatai.url": settings.chatai.url,
        "chatai.endpoint": settings.chatai.endpoint,
    }
    for key, url in addresses.items():
        if url:
            yield from _about_url(key, url)


def _about_names(key: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if not NAME.fullmatch(name):
            found = name or "nothing"
            yield f"{key}: name: found {found}, allowed: up to 32 of a-z, 0-9 and -"
        if times > 1:
            yield f"{key}: name: found {name} {times} times, allowed: once"


def _about_url(key: str, url: str) -> Iterator[str]:
    if not _is_web_address(url):
        yield f"{key}: found {url or 'nothing'}, allowed: http://… or https://…, without a login"


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
