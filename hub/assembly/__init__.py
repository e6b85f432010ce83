"""Floor 3: reads configuration and declarations and joins the wings, which never see each other."""

from __future__ import annotations
