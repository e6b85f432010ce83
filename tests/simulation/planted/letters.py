"""Mail: has no keys, so everything hangs on the same bytes under the same Message-ID."""

from __future__ import annotations

import itertools

from hub.connector.pool import Connections
from hub.model.contract import Call
from hub.model.outcome import Outcome
from tests.simulation.planted.patching import Patch, replaced
from tests.simulation.planted.registry import bug


@bug("new-message-id", "A letter that is handed over again has another Message-ID, so the buyer's mailbox shows both.")
def new_message_id() -> Patch:
    original, tries = Connections.send, itertools.count(1)

    def send(self: Connections, call: Call) -> Outcome:
        if call.capability == "notification.send" and call.key:
            fresh = f"{call.key[:32]}{next(tries):08d}"
            call = Call(
                call.connection, call.capability, call.body.replace(call.key.encode(), fresh.encode()), call.key
            )
        return original(self, call)

    return replaced(Connections, "send", send)
