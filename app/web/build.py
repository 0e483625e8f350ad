"""Installs the npm packages of the web app and assembles it in dist/ from them.

`app/.venv/bin/python app/web/build.py`; needs Node.js 18 with npm; quick when nothing changed.

dist/index.html and a few files beside it keep their names. All else is in dist/assets/ under a
name that holds a hash of its content (msg.m4a is assets/msg.1a2b3c4d.m4a), so that browsers may
keep it for ever. `{{msg.m4a}}` in a template or a change stands for that address.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from changes import CHANGES
from labels import LABELS, NAMES
from licenses import licenses

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "node_modules"
WEBAPP = PACKAGES / "tinode-webapp"
DIST = HERE / "dist"
STAMP = ".built-from"

THEIR_LOGOS = re.compile("badge|logo|og-logo")
STYLESHEETS = (
    PACKAGES / "material-icons/iconfont/filled.css",
    PACKAGES / "@fontsource-variable/roboto/wght.css",
    PACKAGES / "@fontsource-variable/roboto/wght-italic.css",
    WEBAPP / "css/base.min.css",
    HERE / "pipit.css",
)
LIBRARIES = (
    PACKAGES / "react/umd/react.production.min.js",
    PACKAGES / "react-dom/umd/react-dom.production.min.js",
    PACKAGES / "react-intl/react-intl.iife.js",
    PACKAGES / "qrcodejs/qrcode.min.js",
)
NOTICE = "/* Part of tinode-webapp 0.25.3, changed for Pipit: see /licenses.txt */\n"


def say(progress: str) -> None:
    """Prints a line of progress, at once."""
    print(f"web app: {progress}", flush=True)


class BuildError(Exception):
    """The packages are not as this program expects them."""


class Assets:
    """The files of dist/assets: written under hashed names, found by their plain ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str] = {}
        folder.mkdir(parents=True)

    def add(self, name: str, body: bytes) -> None:
        """Writes one file; raises BuildError if there is another of that name."""
        if name in self.names:
            raise BuildError(f"two assets are named {name}")
        stem, suffix = os.path.splitext(name)
        self.names[name] = f"{stem}.{hashlib.sha256(body).hexdigest()[:8]}{suffix}"
        (self.folder / self.names[name]).write_bytes(body)

    def add_files(self, paths: Iterable[Path]) -> None:
        """Writes copies of files under their own names."""
        for path in sorted(paths):
            self.add(path.name, path.read_bytes())

    def hashed(self, name: str) -> str:
        """The name under which an asset was written; raises BuildError if there is none."""
        if name not in self.names:
            raise BuildError(f"there is no asset {name}, only {', '.join(sorted(self.names))}")
        return self.names[name]

    def fill(self, template: str) -> str:
        """Replaces every `{{name}}` by the address of that asset."""
        return re.sub(r"{{(.+?)}}", lambda match: f"/assets/{self.hashed(match[1])}", template)


def add_pictures_and_sounds(assets: Assets) -> None:
    """Adds the package's pictures, wallpapers and sounds, and our icons."""
    assets.add_files(p for p in WEBAPP.glob("img/*.*") if not THEIR_LOGOS.match(p.name))
    assets.add_files(p for p in WEBAPP.glob("img/bkg/*.*") if p.suffix != ".json")
    assets.add_files(WEBAPP.glob("audio/*.m4a"))
    assets.add_files(HERE.glob("icons/pipit*"))


def add_stylesheet(assets: Assets) -> None:
    """Joins the style sheets to app.css, and adds the fonts they name."""

    def replace(url: re.Match[str]) -> str:
        if (file := sheet.parent / url[1]).name not in assets.names:
            assets.add(file.name, file.read_bytes())
        return f"url(/assets/{assets.hashed(file.name)})"

    joined = ""
    for sheet in STYLESHEETS:
        css = sheet.read_text().replace("'Roboto Variable'", "Roboto")
        css = css.replace("font-weight: 100 900", "font-weight: 300 700")  # 100 is too thin to read
        joined += re.sub(r"""url\(["']?([^"':)]+)["']?\)""", replace, css)
    assets.add("app.css", joined.encode())


def shipped_scripts() -> dict[str, str]:
    """The text of the app's two scripts and of those it loads later, by name.

    The package also holds scripts of older builds, which nothing loads.
    """
    scripts: dict[str, str] = {}
    waiting = ["index.prod.js", "tinode.prod.js"]
    while waiting:
        name = waiting.pop()
        if name not in scripts:
            scripts[name] = (WEBAPP / "umd" / name).read_text()
            waiting += [f"{chunk}.prod.js" for chunk in re.findall(r"\.e\((\d+)\)", scripts[name])]
    return scripts


def make_changes(scripts: dict[str, str], assets: Assets) -> None:
    """Makes our changes, in place; raises BuildError if one does not fit exactly once."""
    for what, old, new in CHANGES:
        found = [name for name, text in scripts.items() for _ in range(text.count(old))]
        if len(found) != 1:
            raise BuildError(f"“{what}” fits {len(found)} times, not once: {old}")
        scripts[found[0]] = scripts[found[0]].replace(old, assets.fill(new))


def change_labels(scripts: dict[str, str]) -> None:
    """Words labels as Pipit does, in place; raises BuildError if there is not just one of a name.

    Every language is a script of its own: index.prod.js holds `de:e=>o.e(175)`, and so on.
    """
    languages = re.findall(r'[{,]"?([\w-]+)"?:e=>o\.e\((\d+)\)', scripts["index.prod.js"])
    if set(LABELS) != {language for language, _ in languages}:
        raise BuildError(f"the languages are {languages}, not {', '.join(LABELS)}")
    for language, chunk in languages:
        name = f"{chunk}.prod.js"
        for label, text in zip(NAMES, LABELS[language], strict=True):
            scripts[name], count = re.subn(
                f'"{label}":"[^"]*"', f'"{label}":"{text}"', scripts[name]
            )
            if count != 1:
                raise BuildError(f"{name} holds {label} {count} times, not once")


def address_assets(script: str, assets: Assets) -> str:
    """Gives a script the addresses of pictures and sounds, the wallpapers' names, our notice."""
    script = re.sub(r"\n//# sourceMappingURL=.*", "", script)
    script = re.sub(
        r'"(?:img|audio)/([\w-]+\.\w+)"', lambda m: f'"/assets/{assets.hashed(m[1])}"', script
    )
    script = re.sub(
        r'"(name|pr)":"([apw]\d\d\.\w+)"', lambda m: f'"{m[1]}":"{assets.hashed(m[2])}"', script
    )
    if left := re.search(r'.{40}"img/.{40}', script):
        raise BuildError(f"a picture is named in a way that is not known: {left[0]}")
    return NOTICE + script


def add_scripts(assets: Assets) -> None:
    """Adds the app's scripts and the libraries that the page loads before them."""
    assets.add_files(LIBRARIES)
    scripts = shipped_scripts()
    make_changes(scripts, assets)
    change_labels(scripts)
    index = scripts.pop("index.prod.js")
    for name, script in scripts.items():
        assets.add(name, address_assets(script, assets).encode())
    chunks = {name.partition(".")[0]: assets.hashed(name) for name in scripts}
    index = address_assets(index, assets).replace("CHUNK_NAMES", json.dumps(chunks))
    assets.add("index.prod.js", index.encode())


def add_pages(folder: Path, assets: Assets) -> None:
    """Writes the files that keep their names."""
    for name in ("index.html", "manifest.webmanifest"):
        (folder / name).write_text(assets.fill((HERE / name).read_text()))
    (folder / "licenses.txt").write_text(licenses(PACKAGES))


def run(tool: str, *arguments: str) -> None:
    """Runs a tool of Node.js here; raises BuildError if it is missing or fails."""
    ours = Path(sys.executable).parent  # where the set-up puts Node.js if the system has none
    path = f"{ours}{os.pathsep}{os.environ.get('PATH', '')}"
    program = shutil.which(tool, path=path)
    if program is None:
        raise BuildError(f"there is no {tool} (Node.js): `make run` and `make test` install it")
    environment = {**os.environ, "PATH": path}
    command = [program, *arguments]
    if subprocess.run(command, cwd=HERE, env=environment).returncode:  # noqa: S603 (fixed words)
        raise BuildError(f"`{tool} {' '.join(arguments)}` failed")


def install_packages() -> None:
    """Installs the packages of package-lock.json, unless just these are installed."""
    stamp, wanted = PACKAGES / STAMP, fingerprint([HERE / "package-lock.json"])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        say("installing the npm packages of app/web")
        run("npm", "ci", "--loglevel=error")
        stamp.write_text(wanted)


def fingerprint(files: Iterable[Path]) -> str:
    """A hash of files with their names."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def build(folder: Path) -> None:
    """Assembles everything in a new folder."""
    assets = Assets(folder / "assets")
    add_pictures_and_sounds(assets)
    add_stylesheet(assets)
    add_scripts(assets)
    add_pages(folder, assets)
    say(f"{len(assets.names)} assets assembled; compressing them")
    run("node", "compress.mjs", str(folder))


def main() -> None:
    """Brings dist/ up to date, all at once or not at all."""
    wanted = fingerprint(p for p in [*HERE.glob("*.*"), *HERE.glob("icons/*")] if p.is_file())
    stamp = DIST / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        say("nothing changed")
        return
    install_packages()
    say("assembling it from the packages")
    new = DIST.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    build(new)
    (new / STAMP).write_text(wanted)
    shutil.rmtree(DIST, ignore_errors=True)
    new.rename(DIST)
    say(f"ready in {DIST}")


if __name__ == "__main__":
    try:
        main()
    except BuildError as error:
        sys.exit(f"web app: {error}")
