"""A process with the real front door and a small app behind it; run by test_webhook_door.py.

    python webhook_door.py ENGINE PORT < SECRETS

SECRETS is a JSON object: connection -> [source, [secret, ...], settings]. `GET /kept` answers what was kept.
"""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.model.message import Delivery, Kept
from hub.server.serving import Application, serve
from hub.webhook.load import load_folder
from hub.webhook.receiver import Endpoint, WebhookFrontDoor
from tests.inboxes import EachAtOnce


class MemoryInbox(EachAtOnce):
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.kept: dict[tuple[str, str, str], Delivery] = {}

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        with self._lock:
            known = self.kept.setdefault((delivery.connection, delivery.topic, delivery.delivery_id), delivery)
        if known is delivery:
            return Kept.NEW
        return Kept.REPEAT if known.body_digest == delivery.body_digest else Kept.CONFLICT


class Catalogue(dict[str, Endpoint]):
    def endpoint(self, connection: str) -> Endpoint | None:
        return self.get(connection)


class Behind:
    """What stands behind the door."""

    def __init__(self, inbox: MemoryInbox) -> None:
        self.inbox = inbox
        self.door: WebhookFrontDoor | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        assert self.door is not None
        counted = {f"{name}:{outcome}": total for (name, outcome), total in self.door.counters.snapshot().items()}
        kept = [
            [one.connection, one.topic, one.delivery_id, b64encode(one.body).decode()]
            for one in self.inbox.kept.values()
        ]
        body = json.dumps({"kept": kept, "counted": counted}).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


def announce() -> None:
    sys.stdout.write("listening\n")
    sys.stdout.flush()


def main() -> None:
    engine, port = sys.argv[1:]
    sources = load_folder(Path(__file__).parents[2] / "webhooks")
    catalogue = Catalogue()
    for name, (source, secrets, settings) in json.load(sys.stdin).items():
        catalogue[name] = Endpoint(name, sources[source], sources[source].verifier.keys(secrets), settings)
    behind = Behind(MemoryInbox())
    behind.door = WebhookFrontDoor(behind, catalogue, behind.inbox, lambda: datetime.now(UTC))
    door = behind.door
    serve(
        lambda: Application(door, lambda: None, door.look),
        port=int(port),
        threads=8,
        engine=engine,  # type: ignore[arg-type]
        on_listening=announce,
    )


if __name__ == "__main__":
    main()
