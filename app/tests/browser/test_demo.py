"""The place that `pipit demo` fills, joined by two; and the README's pictures of it."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.person import BLUE, PASSWORD, Person
from tests.browser.pictures import scene
from tests.conftest import servers
from tests.support.command import done
from tests.support.server import Server

WINDOW = {"width": 1280, "height": 800}
PHONE = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True}


@pytest.fixture(scope="module", autouse=True)  # earlier than the browser: see there
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service over that place."""
    folder = tmp_path_factory.mktemp("demo")
    asyncio.run(done(folder, "demo", "--password", PASSWORD))
    with servers(folder) as start_one:
        yield start_one(data_dir=folder)


def test_a_class_is_met_in_the_middle_of_its_talk(open_page: OpenPage, server: Server) -> None:
    freya = Person(open_page(viewport=WINDOW), server.url, "freya", "Freya Lindqvist")
    priya = Person(open_page(), server.url, "priya", "Priya Raman")
    freya.log_in()
    for title in ("Omar Haddad", "Priya Raman", "Ingrid", "The Lindqvists", "Harbour Library"):
        freya.chat(title).click()
        expect(freya.page.locator("#topic-title")).to_contain_text(title)
        expect(freya.page.locator("#scroller .timestamp").last).to_be_visible()
    freya.open_chat("Class 7b")
    expect(freya.message("Can you draw the lamp tonight?")).to_contain_text("Priya Raman")

    priya.log_in()
    priya.open_chat("Class 7b")
    freya.send_picture(scene("moth"), "number 74, for the title. the lamp comes after tea")
    expect(priya.picture("number 74")).to_be_visible()
    priya.say("She is beautiful. She goes in the middle!")
    expect(freya.message("She is beautiful")).to_contain_text("Priya Raman")
    expect(freya.marks("number 74")).to_have_class(BLUE)
    expect(freya.chat("Class 7b").locator(".unread")).to_have_count(0)
    freya.screenshot("chat")


def test_a_family_is_met_on_a_phone(open_page: OpenPage, server: Server) -> None:
    elin = Person(open_page(**PHONE), server.url, "elin", "Elin Lindqvist")
    jonas = Person(open_page(), server.url, "jonas", "Jonas Lindqvist")
    elin.log_in()
    elin.open_chat("The Lindqvists")
    expect(elin.message("potatoes but I would accept rice")).to_contain_text("Freya Lindqvist")
    elin.say("Two to one. Potatoes it is!")

    jonas.log_in()
    jonas.open_chat("The Lindqvists")
    jonas.send_picture(scene("bread"), "I still bring the bread.")
    expect(elin.picture("I still bring the bread.")).to_be_visible()
    elin.say("Not burnt at all!")
    expect(elin.marks("Not burnt at all!")).to_have_class(BLUE)
    elin.screenshot("phone")
