"""What an upload is taken for."""

import pytest

from pipit.gateway.sniffing import UNKNOWN, extension, is_shown, mime_type

PNG = b"\x89PNG\r\n\x1a\n" + bytes(56)
WEBM = b"\x1aE\xdf\xa3" + bytes(60)
ZIP = b"PK\3\4" + bytes(60)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        (PNG, "text/html", "image/png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", "image/webp"),
        (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
        (b"\0\0\0\x18ftypisom", "", "video/mp4"),
        (b"\0\0\0\x18ftypisom", "audio/mp4", "audio/mp4"),
        (WEBM, "audio/webm;codecs=opus", "audio/webm"),
        (WEBM, "audio/mpeg", "video/webm"),
        (ZIP, WORD, WORD),
        (ZIP, "text/html", "application/zip"),
        (b"%PDF-1.7", "image/png", "application/pdf"),
        (b"# Plan", "text/markdown; charset=utf-8", "text/markdown"),
        (b"<svg xmlns=", "image/svg+xml", "image/svg+xml"),
        (b"<html>", "image/png", UNKNOWN),
        (b"<html>", "video/mp4", UNKNOWN),
        (b"GIF8", "", UNKNOWN),
        (b"", "not a type", UNKNOWN),
        (b"x", "text/html\r\nX-Evil: 1", UNKNOWN),
    ],
)
def test_the_type_is_told_by_the_content_and_else_by_the_sender(
    head: bytes, declared: str, expected: str
) -> None:
    assert mime_type(head, declared) == expected


@pytest.mark.parametrize(
    ("mime", "shown"),
    [
        ("image/png", True),
        ("audio/webm", True),
        ("video/mp4", True),
        ("image/svg+xml", False),
        ("text/html", False),
        ("application/pdf", False),
        (UNKNOWN, False),
    ],
)
def test_only_pictures_sound_and_video_are_shown_in_place(mime: str, shown: bool) -> None:
    assert is_shown(mime) is shown


def test_an_address_ends_with_the_type_where_it_is_known() -> None:
    assert extension("image/jpeg") == ".jpg"
    assert extension("application/x-something") == ""
