"""Everything that can keep a command or a hub from its work, in one shape: what to say, and how to end."""

from __future__ import annotations

from dataclasses import dataclass

from hub.assembly.database import Older
from hub.assembly.home import NoHome, Unfit
from hub.assembly.shipped import ShippedMissing
from hub.flow.commands import Refused
from hub.language.problem import Problem, Problems
from hub.model.account import NotAllowed
from hub.model.contract import CannotPrepare, NotDurable
from hub.reconcile.sweep import Unanswered
from hub.store.open import Occupied
from hub.store.upgrade import Newer
from hub.vault.keys import KeyFault
from hub.vault.store import SecretFault

ANSWER_IS_NO, TO_BE_MENDED = 1, 2


@dataclass(frozen=True)
class Fault:
    """`code` is stable; `problems` are those of files, in which case `what` only counts them."""

    code: str
    what: str
    exit_code: int
    problems: tuple[Problem, ...] = ()


_CODES: dict[type[Exception], tuple[str, int]] = {
    NoHome: ("no_home", TO_BE_MENDED),
    KeyFault: ("install_key", TO_BE_MENDED),
    SecretFault: ("secret", TO_BE_MENDED),
    Older: ("older_database", TO_BE_MENDED),
    Newer: ("newer_database", TO_BE_MENDED),
    ShippedMissing: ("broken_installation", TO_BE_MENDED),
    Unfit: ("unfit", TO_BE_MENDED),
    Occupied: ("occupied", ANSWER_IS_NO),
    NotDurable: ("not_durable", ANSWER_IS_NO),
    Refused: ("refused", ANSWER_IS_NO),
    CannotPrepare: ("cannot_prepare", ANSWER_IS_NO),
    Unanswered: ("unanswered", ANSWER_IS_NO),
    NotAllowed: ("not_allowed", ANSWER_IS_NO),
}


def fault_of(error: BaseException) -> Fault | None:
    """The fault that an exception stands for; None where it is none of ours, but a defect."""
    if isinstance(error, Problems):
        found = error.problems
        return Fault("problems", f"{len(found)} problems", TO_BE_MENDED, found)
    for kind, (code, exit_code) in _CODES.items():
        if isinstance(error, kind):
            return Fault(code, _sentence(error), exit_code)
    return None


def _sentence(error: BaseException) -> str:
    return f"the storefront did not answer: {error}" if isinstance(error, Unanswered) else str(error)
