"""Idempotency keys as Stripe keeps them: the first answer is replayed, status and body, whatever it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

from hub.sandbox.call import Answer, Call, answer


@dataclass
class Kept:
    """The first request under a key: what it asked, what it was answered, and until when it is still executing."""

    fingerprint: bytes
    first_at: float
    busy_until: float
    answer: Answer | None


class Keys:
    """The keys of one account. `life` is in seconds; an older key is forgotten, and its request runs anew."""

    def __init__(self, life: float) -> None:
        self.life = life
        self._kept: dict[str, Kept] = {}

    def replay(self, key: str, call: Call) -> Answer | None:
        """The answer this key already has coming; None when the request must run (the key is then taken)."""
        kept = self._kept.get(key)
        if kept is None or call.now - kept.first_at >= self.life:
            self._kept[key] = Kept(_fingerprint(call), call.now, call.busy_until, None)
            return None
        if kept.fingerprint != _fingerprint(call):
            return _mismatch(key)
        if kept.answer is None or call.now < kept.busy_until:
            return _in_use()
        return replace(kept.answer, headers=(*kept.answer.headers, ("Idempotent-Replayed", "true")))

    def keep(self, key: str, given: Answer) -> None:
        """Stores what the request was answered."""
        self._kept[key].answer = given

    def release(self, key: str) -> None:
        """Nothing began to execute (a parameter was wrong): the key stays free."""
        self._kept.pop(key, None)


def _fingerprint(call: Call) -> bytes:
    return blake2b(f"{call.method} {call.path} ".encode() + call.body, digest_size=16).digest()


def _mismatch(key: str) -> Answer:
    what = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return answer(400, {"error": {"message": what, "type": "idempotency_error"}})


def _in_use() -> Answer:
    what = "There is currently another in-progress request using this Idempotent Key. Please try again later."
    error = {"code": "idempotency_key_in_use", "message": what, "type": "invalid_request_error"}
    return answer(409, {"error": error}, {"Stripe-Should-Retry": "true"})
