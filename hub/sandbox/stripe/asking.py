"""How Stripe refuses: wrong parameters are told apart from states that do not allow it."""

from __future__ import annotations

from typing import Any

from hub.sandbox.call import Answer, answer

REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")


class Refusal(Exception):
    """Stripe says no. `kept` says whether the answer is remembered under the idempotency key."""

    def __init__(
        self,
        status: int,
        code: str,
        what: str,
        *,
        param: str | None = None,
        kept: bool = False,
        intent: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(what)
        self.status, self.code, self.param, self.kept, self.intent = status, code, param, kept, intent

    def answer(self) -> Answer:
        error: dict[str, Any] = {"code": self.code, "message": str(self), "type": "invalid_request_error"}
        if self.param:
            error["param"] = self.param
        if self.intent:
            error["payment_intent"] = self.intent
        error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        return answer(self.status, {"error": error})


def only(form: dict[str, Any], *names: str) -> None:
    for name in form:
        if name not in names:
            raise Refusal(400, "parameter_unknown", f"Received unknown parameter: {name}", param=name)


def amount_of(text: Any, name: str, default: int) -> int:
    if text is None:
        return default
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise Refusal(400, "parameter_invalid_integer", f"Invalid integer: {text}", param=name)
    if int(text) < 1:
        raise Refusal(400, "parameter_invalid_integer", "Invalid positive integer", param=name)
    return int(text)
