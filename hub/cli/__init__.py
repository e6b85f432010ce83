"""Floor 4: the commands. One module each, imported only when it is asked for."""

from __future__ import annotations
