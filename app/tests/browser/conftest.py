"""Chromium, and pages in it that must stay without errors and without requests to other hosts."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.person import Person
from tests.support.server import Server

SECONDS = 20_000
"""How long, in milliseconds, anything on a page may take on a slow machine."""

ARGUMENTS = (
    "--no-sandbox",  # needed as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps, and no question about it
    "--use-fake-ui-for-media-stream",
)

OpenPage = Callable[..., Page]
Join = Callable[..., Person]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; for a module, as the asyncio tests cannot run while it is open."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "there is no Chromium: `make setup` installs it"
    expect.set_options(timeout=SECONDS)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[OpenPage]:
    """Opens pages, each in a profile of its own: `open_page(locale="de")`.

    At the test's end fails for everything that went wrong in one of them: an error in the
    console (a violation of the Content-Security-Policy is one), an exception, a request elsewhere.
    """
    faults: list[str] = []

    def open_one(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-US", **options})
        context.set_default_timeout(SECONDS)
        page = context.new_page()
        watch(page, server.url, faults)
        return page

    yield open_one
    for context in browser.contexts:
        context.close()
    assert not faults, "\n".join(faults)


def watch(page: Page, address: str, faults: list[str]) -> None:
    """Collects what a page should not do."""

    def check_host(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.netloc != urlsplit(address).netloc:
            faults.append(f"request to another host: {url}")

    def check_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(f"console: {message.text}")

    page.on("request", lambda request: check_host(request.url))
    page.on("websocket", lambda socket: check_host(socket.url))
    page.on("pageerror", lambda error: faults.append(f"exception: {error.stack or error}"))
    page.on("console", check_console)


@pytest.fixture
def join(open_page: OpenPage, server: Server) -> Join:
    """Signs somebody up in a browser of their own: `join("Alice Finch")`, with a new login."""

    def join_one(name: str, stay: bool = False, **options: Any) -> Person:
        login = f"{name.split()[0].lower()}-{uuid4().hex[:8]}"
        person = Person(open_page(**options), server.url, login, name)
        person.sign_up(stay)
        return person

    return join_one
