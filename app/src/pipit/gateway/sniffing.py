"""The type of an upload, told from its first bytes, and how it may be shown.

A table of what people send each other. Of the libraries for it, `filetype` had its last release in
2022, and `puremagic` supports Python 3.11 no more.
"""

import re

HEAD_BYTES = 64
"""How many bytes from the start are looked at."""

UNKNOWN = "application/octet-stream"

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/svg+xml": "svg",
    "image/x-icon": "ico",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/amr": "amr",
    "audio/midi": "mid",
    "audio/ogg": "ogg",
    "audio/webm": "weba",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/mpeg": "mpg",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/json": "json",
    "application/x-7z-compressed": "7z",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
}

_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"MThd", "audio/midi"),
    (b"OggS", "video/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"%PDF-", "application/pdf"),
    (b"PK\3\4", "application/zip"),
    (b"PK\5\6", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
)
# RIFF and ISO media files name their kind at byte 8.
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_ISO_MEDIA = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
# Containers of sound and of pictures alike: which of them only the sender knows.
_SOUND_TOO = {"video/ogg": "audio/ogg", "video/webm": "audio/webm", "video/mp4": "audio/mp4"}
# Files that are a zip inside, such as office documents: the sender's word is more exact.
_ZIPPED = re.compile(r"application/(vnd\.[a-z0-9.+-]+|epub\+zip|java-archive)")
_SHAPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,126}")


def mime_type(head: bytes, declared: str) -> str:
    """The type that an upload is kept with.

    From the first bytes (`head`) where they tell; else what was declared, but never a type that is
    shown in place: that takes a signature.
    """
    said = declared.partition(";")[0].strip().lower()
    found = _recognise(head)
    if not found:
        return said if _SHAPE.fullmatch(said) and not is_shown(said) else UNKNOWN
    if said == _SOUND_TOO.get(found) or (found == "application/zip" and _ZIPPED.fullmatch(said)):
        return said
    return found


def is_shown(mime: str) -> bool:
    """Whether browsers may show it in place: pictures without scripts, sound, video."""
    family = mime.partition("/")[0]
    return family in ("audio", "video") or (family == "image" and mime != "image/svg+xml")


def extension(mime: str) -> str:
    """What the name of such a file ends with, dot included; "" if that is unknown."""
    return f".{EXTENSIONS[mime]}" if mime in EXTENSIONS else ""


def _recognise(head: bytes) -> str | None:
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _ISO_MEDIA.get(head[8:12], "video/mp4")
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "image/bmp"
    return None
