"""What a running hub writes about itself: one JSON object a line on stderr, or plain lines where a person looks on."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from hub.wire import redact

_TALKATIVE = ("alembic", "urllib3")


def hush() -> None:
    """Until a process says otherwise: warnings and worse, in plain lines on stderr. A command's answer stays its
    own."""
    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # of what the database breaks off, it is we who tell


def speak(*, pretty: bool | None = None, level: str = "info") -> None:
    """Sets logging up for this process. `pretty`: by default, whether stderr is a terminal."""
    people = sys.stderr.isatty() if pretty is None else pretty
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _harmless,
    ]
    last = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")


def _harmless(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Nobody logs a secret or a person on purpose; this is for the text of somebody else's exception."""
    for name, value in event.items():
        if isinstance(value, str) and name != "timestamp":
            event[name] = value if name == "level" else _lines(value)
    return event


def _lines(value: str) -> str:
    """Scrubbed line by line: a traceback keeps its lines."""
    return "\n".join(redact.text(line) for line in value.split("\n"))
