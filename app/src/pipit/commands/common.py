"""What the sub-commands share."""

import argparse
import os
from pathlib import Path
from typing import TypeAlias

from pipit.config import Settings, load
from pipit.config.load import FILE_VARIABLE

SubParsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `register` gets; argparse has no public name for it."""


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--config FILE`."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        default=os.environ.get(FILE_VARIABLE) or None,
        help=f"the settings, a YAML file (else ${FILE_VARIABLE}, else the defaults)",
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings of this run: `--config`, then the environment. Raises ConfigError."""
    return load(arguments.config, os.environ)
