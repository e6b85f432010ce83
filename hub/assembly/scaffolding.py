"""Begins the declarations of a new provider: a connector, a webhook and a mapping that pass the check as they stand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from hub.assembly.home import Unfit

_TEXTS = Path(__file__).parent / "scaffold"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")

# The webhook's example is signed as a delivery would be.
_SECRET, _BODY = b"invented", b'{"id":77,"number":"A-77"}'


@dataclass(frozen=True)
class Scaffold:
    """The files that were made, and those that were there already and left alone."""

    made: tuple[Path, ...]
    kept: tuple[Path, ...]


def scaffold(name: str, title: str | None, folder: Path) -> Scaffold:
    """Writes `connectors/NAME/connector.yaml`, `webhooks/NAME.yaml`, `mappings/NAME-order.yaml` below `folder`.
    Raises Unfit."""
    if not _NAME.fullmatch(name):
        raise Unfit(f"'{name}' is no name for a connector: small letters, digits and _, beginning with a letter")
    hyphen = name.replace("_", "-")
    words = {
        "NAME": name,
        "HYPHEN": hyphen,
        "TITLE": title or name.replace("_", " ").title(),
        "SIGNATURE": base64.b64encode(hmac.digest(_SECRET, _BODY, hashlib.sha256)).decode(),
    }
    targets = {
        "connector.yaml": folder / "connectors" / name / "connector.yaml",
        "webhook.yaml": folder / "webhooks" / f"{hyphen}.yaml",
        "mapping.yaml": folder / "mappings" / f"{hyphen}-order.yaml",
    }
    made: list[Path] = []
    kept: list[Path] = []
    for text, target in targets.items():
        (made if _write(target, _filled(text, words)) else kept).append(target)
    return Scaffold(tuple(made), tuple(kept))


def _filled(text: str, words: dict[str, str]) -> str:
    filled = (_TEXTS / text).read_text(encoding="utf-8")
    return re.sub("@([A-Z]+)@", lambda match: words[match[1]], filled)


def _write(target: Path, text: str) -> bool:
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return True
