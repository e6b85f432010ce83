"""The letters to customers: seen with an invented order, and taken over to be changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import hub.notice
from hub.assembly.home import Unfit
from hub.assembly.reading import config_of
from hub.language.problem import suggestion
from hub.model.contract import Letter
from hub.notice.notices import TemplateNotices
from hub.notice.view import KINDS

__all__ = ["KINDS", "Taken", "preview", "take_over"]

_SHIPPED = Path(hub.notice.__file__).parent / "letters"


@dataclass(frozen=True)
class Taken:
    """Templates copied to be changed, and those that were there already and left alone."""

    made: tuple[Path, ...]
    kept: tuple[Path, ...]


def preview(folder: Path | None, kind: str, locale: str | None) -> Letter:
    """A letter with an invented order, in the installation's templates and name; the shipped ones without. Raises
    Unfit, Problems, CannotPrepare.
    """
    _known(kind)
    if folder is None:
        return TemplateNotices().preview(kind, locale)
    config = config_of(folder).hub
    own = folder / config.templates
    shop = config.shop.model_dump(exclude_none=True)
    return TemplateNotices(own if own.is_dir() else None, shop).preview(kind, locale)


def take_over(folder: Path, kinds: tuple[str, ...], language: str | None) -> Taken:
    """Copies the shipped templates of these kinds (and `layout`, if it is named) into the installation. Raises
    Unfit."""
    for kind in kinds:
        _known(kind, also=("layout",))
    target = folder / config_of(folder).hub.templates
    target = target / language if language else target
    made: list[Path] = []
    kept: list[Path] = []
    for kind in kinds:
        for source in sorted(_SHIPPED.glob(f"{kind}.*")):
            copy = target / source.name
            if copy.exists():
                kept.append(copy)
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
            made.append(copy)
    return Taken(tuple(made), tuple(kept))


def _known(kind: str, also: tuple[str, ...] = ()) -> None:
    if kind not in (*KINDS, *also):
        raise Unfit(f"there is no letter '{kind}': {suggestion(kind, (*KINDS, *also))}")
