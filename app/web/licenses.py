"""The licences of everything that the web app is built from, as one text."""

import json
from collections.abc import Iterator
from pathlib import Path

HEAD = """\
Pipit's web app is tinode-webapp 0.25.3 (https://github.com/tinode/webapp), Copyright Tinode LLC,
under the Apache License 2.0. Pipit changed it: the name, the icon, the colours, links that led to
its makers, some labels and faults, the addresses of scripts, pictures and sounds, and the page that
loads them. It also holds parts of the Firebase JavaScript SDK (Apache License 2.0, Copyright Google
LLC), which Pipit does not use.

Pipit itself is under the Apache License 2.0.

Below are the packages that the web app is built from, each with its licence.
"""


def package_folders(packages: Path) -> Iterator[Path]:
    """The installed packages of a node_modules folder, those with a scope too."""
    for folder in sorted([*packages.glob("[!@.]*"), *packages.glob("@*/*")]):
        if not folder.is_symlink():
            yield folder


def entry(folder: Path) -> str:
    """A package's name, version and licence, with the licence's text where it brings one."""
    package = json.loads((folder / "package.json").read_text())
    title = f"{package['name']} {package['version']}: {package.get('license', 'see below')}"
    texts = [path.read_text().strip() for path in sorted(folder.glob("LICENSE*"))]
    return "\n\n".join([f"{'=' * 80}\n{title}", *texts])


def licenses(packages: Path) -> str:
    """The whole text, for the packages in a node_modules folder."""
    return "\n\n".join([HEAD, *map(entry, package_folders(packages))]) + "\n"
