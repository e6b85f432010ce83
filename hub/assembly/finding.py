"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, FAIL, NOTE = "ok", "warn", "fail", "note"


@dataclass(frozen=True)
class Finding:
    """One thing examined. `state` is ok, warn, fail or note; `mend` says what to do, where there is something."""

    subject: str
    state: str
    says: str
    mend: str | None = None
