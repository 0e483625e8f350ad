"""A person at a browser: what people do in the web app, through the controls that they use."""

import os
import re
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

PASSWORD = "chirp-chirp-7"
BLUE = re.compile(r"\bblue\b")
"""The class of a message's ticks once it was read."""
KEEP_SCREENSHOTS = bool(os.environ.get("PIPIT_SCREENSHOTS"))
SCREENSHOTS = Path(__file__).parents[3] / "docs/img"


class Person:
    """One person with a login and a full name, in a browser profile of their own."""

    def __init__(self, page: Page, address: str, login: str, name: str) -> None:
        self.page = page
        self.address = address
        self.login = login
        self.name = name

    def icon(self, name: str) -> Locator:
        """A control by the name of its icon in the font Material Icons."""
        return self.page.locator("i.material-icons:visible").get_by_text(name, exact=True)

    def sign_up(self, stay: bool = False) -> None:
        """Makes an account and waits for the list of chats; `stay` logged in over a reload."""
        self.page.goto(self.address)
        self.icon("person_add").click()
        self.page.get_by_placeholder("Login").fill(self.login)
        self.page.get_by_placeholder("Password").fill(PASSWORD)
        self.page.get_by_placeholder("Full name").fill(self.name)
        if stay:
            self.page.locator("#save-token").click()
        self.page.get_by_role("button", name="Sign up").click()
        expect(self.page.locator("#sidepanel-title")).to_have_text(self.name)

    def log_in(self) -> None:
        """Logs in to an account that exists, by its password."""
        self.page.goto(self.address)
        self.page.get_by_placeholder("Login").fill(self.login)
        self.page.get_by_placeholder("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.icon("chat")).to_be_visible()

    def find(self, other: "Person") -> None:
        """Searches a person by login and opens the chat."""
        self.icon("chat").click()
        self.page.locator("input.search").fill(other.login)
        self.page.keyboard.press("Enter")
        self.chat(other.name).click()
        expect(self.page.locator("#topic-title")).to_have_text(other.name)

    def chat(self, title: str) -> Locator:
        """The row of a chat, or of a person found, in the list at the side."""
        return self.page.locator("#sidepanel .contact-box li").filter(has_text=title)

    def open_chat(self, title: str) -> None:
        """Opens a chat of the list; accepts the invitation if there is one."""
        self.chat(title).click()
        expect(self.page.locator("#topic-title")).to_have_text(title)
        accept = self.page.get_by_role("button", name="Accept")
        expect(accept.or_(self.page.locator("#send-message-input"))).to_be_visible()
        if accept.is_visible():
            accept.click()

    def write(self, text: str) -> None:
        """Types a message without sending it."""
        self.page.locator("#send-message-input").press_sequentially(text)

    def say(self, text: str) -> None:
        """Sends a text and waits until the server has it."""
        self.page.locator("#send-message-input").fill(text)
        self.page.keyboard.press("Enter")
        expect(self.marks(text)).to_have_text(re.compile("done"))

    def send_picture(self, picture: Path | FilePayload, caption: str) -> None:
        """Sends a picture with a caption and waits until the server has it."""
        self.page.locator("input[type=file][accept^=image]").set_input_files(picture)
        self.page.locator("#image-preview textarea").fill(caption)
        self.page.get_by_title("Send message").click()
        expect(self.marks(caption)).to_have_text(re.compile("done"))

    def message(self, text: str) -> Locator:
        """A message in the open chat."""
        return self.page.locator("#scroller li:not(.meta)").filter(has_text=text)

    def picture(self, caption: str) -> Locator:
        """The picture of a message, by its caption."""
        return self.message(caption).locator("img.inline-image")

    def marks(self, text: str) -> Locator:
        """The ticks of one's own message: done, done_all (received), done_all in blue (read)."""
        return self.message(text).locator(".timestamp i")

    def choose(self, text: str, item: str) -> None:
        """Chooses from the menu of a message."""
        self.message(text).hover()
        self.message(text).locator(".menuTrigger a").click()
        self.page.locator("ul.menu").get_by_text(item, exact=True).click()

    def make_group(self, title: str, members: "list[Person]") -> None:
        """Makes a group and adds people of the list of chats."""
        self.icon("chat").click()
        self.page.get_by_text("new group").click()
        self.page.get_by_placeholder("Freeform name of the group").fill(title)
        self.page.get_by_role("button", name="Create").click()
        expect(self.page.locator("#topic-title")).to_have_text(title)
        self.open_info()
        self.page.get_by_text("Add members").click()
        for one in members:
            self.page.locator("#group-manager .contact-box li").filter(has_text=one.name).click()
        self.page.locator("#group-manager").get_by_role("button", name="OK").click()
        self.page.locator("#info-caption-panel").get_by_text("close").click()

    def open_info(self) -> None:
        """Opens the panel about the open chat."""
        self.page.locator("#topic-caption-panel").get_by_text("more_vert").click()
        self.page.locator("ul.menu").get_by_text("Info", exact=True).click()

    def open_settings(self, title: str) -> None:
        """Opens a page of the settings from the list of chats."""
        self.icon("settings").click()
        self.page.locator("#sidepanel a.flat-button").filter(has_text=title).click()
        expect(self.page.locator("#sidepanel-title")).to_have_text(title)

    def close_settings(self) -> None:
        """Goes back from a page of the settings to the list of chats."""
        self.icon("arrow_back").click()
        expect(self.page.locator("#sidepanel-title")).to_have_text("Account Settings")
        self.icon("arrow_back").click()
        expect(self.page.locator("#sidepanel-title")).to_have_text(self.name)

    def screenshot(self, name: str) -> None:
        """Keeps docs/img/<name>.png for the README if PIPIT_SCREENSHOTS is set."""
        if KEEP_SCREENSHOTS:
            self.page.mouse.move(0, 0)
            self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
