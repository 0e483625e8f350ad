"""The page itself: its name, languages and settings, in a window and on a phone."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Join, OpenPage
from tests.support.server import Server

SIGN_IN = {
    "ar": "تسجيل الدخول",
    "de": "Anmelden",
    "en": "Sign in",
    "es": "Entrar",
    "fr": "Connexion",
    "it": "Entrare",
    "ko": "로그인",
    "ro": "Conectează-te",
    "ru": "Войти",
    "th": "ลงชื่อเข้าใช้",
    "uk": "Увійти",
    "vi": "Đăng nhập",
    "zh": "登录",
    "zh-TW": "登入",
}


def test_the_page_has_our_name_icons_and_fonts(open_page: OpenPage, server: Server) -> None:
    page = open_page()
    page.goto(server.url)
    expect(page).to_have_title("Pipit")
    expect(page.get_by_role("heading", name="Pipit")).to_be_visible()
    fonts = page.evaluate(
        "document.fonts.ready.then(() => Array.from(document.fonts)"
        ".filter(font => font.status == 'loaded').map(font => font.family))"
    )
    assert {font.strip('"') for font in fonts} == {"Material Icons", "Roboto"}
    manifest = json.loads(page.request.get(f"{server.url}/manifest.webmanifest").text())
    assert manifest["name"] == "Pipit"
    for icon in manifest["icons"]:
        assert page.request.get(server.url + icon["src"]).headers["content-type"] == icon["type"]


def test_the_name_localhost_leads_to_127_0_0_1(open_page: OpenPage, server: Server) -> None:
    address = server.url.replace("127.0.0.1", "localhost")
    answer = open_page().request.get(address, max_redirects=0)
    assert answer.status == 307
    assert answer.headers["location"] == f"{server.url.removeprefix('http:')}/"


@pytest.mark.parametrize("language", SIGN_IN)
def test_the_page_speaks_the_browsers_language(
    open_page: OpenPage, server: Server, language: str
) -> None:
    page = open_page(locale=language)
    page.goto(server.url)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#login-form button")).to_have_text(SIGN_IN[language])


def test_the_settings_open_and_lead_to_the_licences(join: Join) -> None:
    alice = join("Alice Finch")
    for title in ("General", "Notifications", "Security"):
        alice.open_settings(title)
        alice.close_settings()
    alice.open_settings("Support")
    with alice.page.expect_popup() as popup:
        alice.page.get_by_text("Open-source licences").click()
    expect(popup.value.locator("body")).to_contain_text("Apache License")


def test_a_wallpaper_is_chosen_and_kept(join: Join) -> None:
    alice, bob = join("Alice Finch", stay=True), join("Bob Wren")
    alice.find(bob)
    alice.say("Look at my wall!")
    alice.open_settings("General")
    alice.page.get_by_text("Wallpapers").click()
    alice.page.locator(".tabbar [data-id=img]").click()
    with alice.page.expect_response(re.compile(r"/assets/w01\.\w+\.jpg")) as chosen:
        alice.page.locator(".image-grid-cell").first.click()
    assert chosen.value.ok

    alice.page.reload()
    with alice.page.expect_response(re.compile(r"/assets/w01\.\w+\.jpg")) as kept:
        alice.open_chat("Bob Wren")
    assert kept.value.ok


def test_a_code_to_find_somebody_is_drawn(join: Join) -> None:
    alice, bob = join("Alice Finch"), join("Bob Wren")
    alice.find(bob)
    alice.say("May I pass on your address?")
    alice.open_info()
    alice.icon("qr_code").click()
    expect(alice.page.locator("#info-view img[src^='data:image/png']")).to_be_visible()


def test_on_a_phone_the_list_and_the_chat_take_turns(join: Join) -> None:
    alice = join("Alice Finch", viewport={"width": 390, "height": 844}, has_touch=True)
    bob = join("Bob Wren")
    alice.find(bob)
    alice.say("On my way!")
    expect(alice.page.locator("#sidepanel")).to_be_hidden()
    bob.open_chat("Alice Finch")
    bob.say("See you at the pond.")
    expect(alice.message("See you at the pond.")).to_be_visible()
    alice.page.locator("#hide-message-view").click()
    expect(alice.chat("Bob Wren")).to_be_visible()
    expect(alice.page.locator("#topic-view")).to_be_hidden()
