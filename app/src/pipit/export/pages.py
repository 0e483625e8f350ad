"""An export's pages: plain HTML without scripts, to be read in any browser, from the disk.

What members wrote is never markup here: each text goes through `html.escape`, and a policy in each
page lets it load nothing from elsewhere.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from pipit.core import ids
from pipit.export.records import Line

MESSAGES = 1000
"""On a page."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fafafa }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
article { background: #fff; border: 1px solid #e4e4e4; border-radius: .6em; padding: .5em .9em;
  margin: .5em 0 }
article.own { background: #eef6ee; margin-left: 3em } article:not(.own) { margin-right: 3em }
header { color: #666; font-size: .85em } header b { color: #222 }
p { margin: .2em 0; white-space: pre-wrap; overflow-wrap: anywhere }
img { max-width: 100%; max-height: 30em; border-radius: .4em } img.face { width: 6em }
nav { margin: 1.5em 0; display: flex; justify-content: space-between }
table { border-collapse: collapse } td { padding: .15em 1em .15em 0; vertical-align: top }
"""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:"
)

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*")
_SHOWN = re.compile(r"image/(png|jpeg|gif|webp|bmp|avif)|(audio|video)/[a-z0-9.+-]+")

Paths = Mapping[str, str]
"""The path in the archive of each file, by its id; "" if its bytes are lost."""


def page(title: str, body: Iterable[str]) -> bytes:
    """A whole page."""
    return "".join((opening(title), *body, CLOSING)).encode()


def opening(title: str) -> str:
    """The beginning of a page, up to its first heading."""
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>\n"
    )


CLOSING = "</body></html>\n"


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values; the values are HTML."""
    cells = (f"<tr><td>{escape(name)}</td><td>{value}</td></tr>\n" for name, value in rows)
    return f"<table>{''.join(cells)}</table>\n"


def link(path: str, text: str) -> str:
    """A link within the archive."""
    return f'<a href="{quote(path)}">{escape(text)}</a>'


def picture(mime: str, data: str) -> str:
    """A picture that is kept in a profile."""
    if not _SHOWN.fullmatch(mime) or not _is_base64(data):
        return ""
    return f'<img class="face" alt="" src="{_data_url(mime, data)}">'


def message(line: Line, head: Any, content: Any, *, own: bool, paths: Paths) -> str:
    """A message with what is attached to it; `head` and `content` as decoded JSON."""
    who = f"<b>{escape(line.name)}</b> " if line.name else ""
    told = head if isinstance(head, dict) else {}
    edit = " · changes an earlier message" if "replace" in told else ""
    answer = " · an answer" if "reply" in told else ""
    attached = "".join(_attachment(entity, paths) for entity in _entities(content))
    return (
        f'<article id="m{line.seq}"{" class=own" if own else ""}>'
        f"<header>{who}{_moment(line.ts)}{edit}{answer}</header>"
        f"<p>{escape(line.text)}</p>{attached}</article>\n"
    )


def _moment(stamp: str) -> str:
    return f'<time datetime="{stamp}">{stamp[:10]} {stamp[11:16]}</time>'


def _entities(content: Any) -> Iterator[dict[str, Any]]:
    """The data of each picture, sound, video and file in Drafty."""
    found = content.get("ent") if isinstance(content, dict) else None
    for entity in found if isinstance(found, list) else ():
        data = entity.get("data") if isinstance(entity, dict) else None
        if isinstance(data, dict) and entity.get("tp") in ("IM", "AU", "VD", "EX"):
            yield data


def _attachment(data: dict[str, Any], paths: Paths) -> str:
    mime, name, ref, value = (_text(data.get(key)) for key in ("mime", "name", "ref", "val"))
    name = name or "file"
    if found := ids.FILE_URL.fullmatch(ref):
        path = paths.get(found[1])
        if not path:
            return f"<p>[{escape(name)}: not kept]</p>"
        return _shown(mime, quote(f"../../{path}"), name)
    return _shown(mime, _data_url(mime, value), name) if _is_base64(value) else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _shown(mime: str, source: str, name: str) -> str:
    """A picture, sound or video in its place, and a link to keep it; anything else as a link."""
    kept = f'<a download="{escape(name)}" href="{source}">{escape(name)}</a>'
    if not _SHOWN.fullmatch(mime):
        return f"<p>{kept}</p>"
    tag = mime.partition("/")[0]
    if tag == "image":
        return f'<p><img alt="{escape(name)}" src="{source}"></p>'
    return f'<p><{tag} controls preload="none" src="{source}"></{tag}> {kept}</p>'


def _is_base64(value: str) -> bool:
    return bool(value) and bool(_BASE64.fullmatch(value))


def _data_url(mime: str, value: str) -> str:
    kind = mime if _SHOWN.fullmatch(mime) else "application/octet-stream"
    return f"data:{kind};base64,{''.join(value.split())}"


def turning(number: int, last: int) -> str:
    """Links to the pages before and after."""
    before = link(page_name(number - 1), "← earlier") if number > 1 else "<span></span>"
    after = link(page_name(number + 1), "later →") if number < last else "<span></span>"
    home = link("../../index.html", f"page {number} of {last}, contents")
    return f"<nav>{before}{home}{after}</nav>\n"


def page_name(number: int) -> str:
    """The file of a page."""
    return f"page-{number:04}.html"
