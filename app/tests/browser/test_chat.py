"""Two people chat in the web app, each in a browser of their own."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Join, OpenPage
from tests.browser.person import BLUE, Person
from tests.browser.pictures import PIPIT, noise


def two_in_a_chat(join: Join) -> tuple[Person, Person]:
    """Alice has found Bob and greeted him, and both have the chat open."""
    alice, bob = join("Alice Finch"), join("Bob Wren")
    alice.find(bob)
    alice.say("Good morning, Bob!")
    bob.open_chat("Alice Finch")
    expect(bob.message("Good morning, Bob!")).to_be_visible()
    return alice, bob


def is_drawn(picture: Locator) -> bool:
    """Whether a picture was loaded and could be decoded."""
    picture.scroll_into_view_if_needed()
    return bool(
        picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth > 0)")
    )


def test_a_message_reaches_somebody_found_by_login_and_its_ticks_tell_so(join: Join) -> None:
    alice, bob = join("Alice Finch"), join("Bob Wren")
    alice.find(bob)
    alice.say("Good morning, Bob!")
    expect(alice.marks("Good morning")).to_have_text("done")
    expect(bob.chat("Alice Finch").locator(".unread")).to_have_text("1")

    bob.open_chat("Alice Finch")
    expect(bob.message("Good morning, Bob!")).to_be_visible()
    expect(alice.marks("Good morning")).to_have_text("done_all")
    expect(alice.marks("Good morning")).to_have_class(BLUE)
    expect(bob.chat("Alice Finch").locator(".unread")).to_have_count(0)

    bob.say("Good morning, Alice!")
    expect(alice.message("Good morning, Alice!")).to_be_visible()


def test_people_see_who_is_online_and_who_types(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    state = alice.page.locator("#topic-caption-panel .avatar-box span")
    expect(state).to_have_class("online")
    bob.write("Let me think")
    expect(state).to_have_class("online typing")
    bob.page.close()
    expect(state).to_have_class("offline")
    expect(alice.page.locator("#topic-last-seen")).to_have_text(re.compile(r"Last seen: \d\d:\d\d"))


def test_an_edited_message_changes_for_both(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    alice.choose("Good morning, Bob!", "Edit")
    alice.say("Good evening, Bob!")
    for person in (alice, bob):
        expect(person.message("Good evening, Bob!")).to_contain_text("edited")
        expect(person.message("Good morning, Bob!")).to_have_count(0)


def test_a_reply_names_whom_it_quotes(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    bob.say("Tea or coffee?")
    alice.choose("Tea or coffee?", "Reply")
    alice.say("Tea, please.")
    for person in (alice, bob):
        expect(person.message("Tea, please.")).to_contain_text("Bob WrenTea or coffee?")


def test_a_message_is_deleted_for_oneself_or_for_all(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    alice.say("Seen by Bob alone")
    alice.say("Seen by nobody")
    expect(bob.message("Seen by nobody")).to_be_visible()

    alice.choose("Seen by Bob alone", "Delete")
    expect(alice.message("Seen by Bob alone")).to_have_count(0)
    alice.choose("Seen by nobody", "Delete for All")
    expect(alice.message("Seen by nobody")).to_have_count(0)
    expect(bob.message("Seen by nobody")).to_have_count(0)
    expect(bob.message("Seen by Bob alone")).to_be_visible()


def test_pictures_are_seen_by_the_other_small_and_large(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    alice.send_picture(PIPIT, "A pipit in the garden")
    assert is_drawn(bob.picture("A pipit in the garden"))
    alice.send_picture(noise(), "Snow on the television")
    assert "/v0/file/s/" in (bob.picture("Snow on the television").get_attribute("src") or "")
    assert is_drawn(bob.picture("Snow on the television"))

    bob.picture("Snow on the television").click()
    assert is_drawn(bob.page.locator("#image-preview img"))
    with bob.page.expect_download() as download:
        bob.icon("file_download").click()
    assert download.value.suggested_filename == "noise.png"


def test_a_voice_message_is_recorded_and_heard(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    alice.page.get_by_title("Record voice message").click()
    expect(alice.page.locator("#send-message-panel .duration")).to_have_text("0:03")
    alice.page.get_by_title("Send message").click()
    expect(bob.page.locator("#scroller .audio-player")).to_be_visible()


def test_a_group_hears_all_its_members(join: Join) -> None:
    alice, bob = two_in_a_chat(join)
    alice.make_group("Bird watchers", [bob])
    bob.open_chat("Bird watchers")
    alice.say("Who saw the pipit today?")
    expect(bob.message("Who saw the pipit today?")).to_contain_text("Alice Finch")
    bob.say("I did, by the pond.")
    expect(alice.message("I did, by the pond.")).to_contain_text("Bob Wren")
    expect(alice.marks("Who saw the pipit today?")).to_have_class(BLUE)
    bob.send_picture(PIPIT, "Here it is!")
    assert is_drawn(alice.picture("Here it is!"))


def test_a_reload_keeps_the_login_and_the_messages(join: Join) -> None:
    alice = join("Alice Finch", stay=True)
    bob = join("Bob Wren")
    alice.find(bob)
    alice.say("Still here?")
    alice.page.reload()
    alice.open_chat("Bob Wren")
    expect(alice.message("Still here?")).to_be_visible()
    alice.say("Still here!")
    alice.page.reload()  # this time the browser has kept some messages itself
    expect(alice.message("Still here?")).to_be_visible()
    expect(alice.message("Still here!")).to_be_visible()


def test_another_browser_gets_the_whole_chat_from_the_server(
    join: Join, open_page: OpenPage
) -> None:
    alice, bob = two_in_a_chat(join)
    bob.say("Good morning, Alice!")
    alice.send_picture(PIPIT, "A pipit in the garden")
    bob.say("Lovely!")
    elsewhere = Person(open_page(), alice.address, alice.login, alice.name)
    elsewhere.log_in()
    elsewhere.open_chat("Bob Wren")
    for sent in ("Good morning, Bob!", "A pipit in the garden"):
        expect(elsewhere.marks(sent)).to_have_class(BLUE)
    expect(elsewhere.message("Lovely!")).to_be_visible()
    assert is_drawn(elsewhere.picture("A pipit in the garden"))
