"""The six things that can come of a call, and how the world brings one of them about for exactly that call.

Together they are every pairing of what happened (executed, not) and what the caller can know of it (known, not):

=============  ============  =======================
outcome        executed      what the hub can know
=============  ============  =======================
success        yes           that it was executed
answer lost    yes           nothing (a time-out)
5xx after      yes           nothing
5xx before     no            nothing
reset before   no            nothing
429            no            that it was not executed
=============  ============  =======================
"""

from __future__ import annotations

from hub.sandbox.world import World
from tests.crash.board import Board

SUCCESS = "success"
# outcome -> the sandbox's fault of a call
CALLS = {
    "answer lost": "timeout_after",
    "5xx after": "503_after",
    "5xx before": "503_before",
    "reset before": "reset_before",
    "429": "429",
}
# A mail server has no time-out of its own here and one word for "not now".
LETTERS = {"answer lost": "smtp_drop_after_data", "reset before": "smtp_drop_before_data", "429": "smtp_4xx"}
OUTCOMES = (SUCCESS, *CALLS)
MAIL_OUTCOMES = (SUCCESS, *LETTERS)
ANY_CALL, ONLY_CHANGES = 1, 2


def code(outcome: str) -> int:
    """As it stands on the board."""
    return OUTCOMES.index(outcome)


def is_change(method: str, path: str, body: bytes) -> bool:
    """Whether a request asks for a change, or only asks."""
    if "oauth" in path or method == "GET":
        return False
    return b"mutation" in body if path.endswith("graphql.json") else True


def watch(world: World, board: Board) -> None:
    """Counts what reaches the world, and lets the armed fault befall the first call that fits."""
    faults = world.desk.faults
    of_call, of_mail = faults.for_call, faults.for_mail

    def for_call(prefix: str, method: str, path: str, body: bytes, now: float) -> str | None:
        changes = is_change(method, path, body)
        board.calls += 1
        board.changes += changes
        fits = board.wanted == ANY_CALL or (board.wanted == ONLY_CHANGES and changes)
        if board.armed and fits and "oauth" not in path:
            faults.script("", CALLS[OUTCOMES[board.armed]])
            board.armed = 0
        return of_call(prefix, method, path, body, now)

    def for_mail(message_id: str, now: float) -> str | None:
        board.calls += 1
        board.changes += 1
        if board.armed and OUTCOMES[board.armed] in LETTERS:
            faults.script("^mail ", LETTERS[OUTCOMES[board.armed]])
            board.armed = 0
        return of_mail(message_id, now)

    faults.for_call, faults.for_mail = for_call, for_mail  # type: ignore[method-assign]
