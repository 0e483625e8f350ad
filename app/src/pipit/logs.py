"""Logging to standard error: for people, or one JSON object a line.

What is logged is what happened, to which session or topic: never what members write, no secrets.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from pipit.config.settings import Log

TEXT_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up(settings: Log) -> None:
    """Sends all loggers' records to standard error as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter(TEXT_FORMAT)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else text)
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)


class JsonFormatter(logging.Formatter):
    """One object a line: ts (UTC, RFC 3339), level, logger, message, and error: its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        entry = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
