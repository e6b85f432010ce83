"""The sandbox that templates run in: strict about names, closed to everything but formatting, HTML always escaped."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    UndefinedError,
    nodes,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from hub.language.problem import suggestion
from hub.model.money import Money
from hub.notice.manner import Manner

_IF = "inside {% if %} where it may be missing"
MANNER = "_manner"  # the name under which a render carries its locale to the filters

# What a letter needs of Jinja2. Missing on purpose: `safe` (it would undo the escaping), and all that can grow.
_FILTERS = (
    *("capitalize", "count", "d", "default", "e", "escape", "first", "int", "join", "last", "length", "list", "lower"),
    *("replace", "striptags", "string", "title", "trim", "truncate", "upper", "urlencode", "wordwrap"),
)


class Misuse(UndefinedError):
    """A template named or used something in a way that cannot be; `mend` says how it can."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


class _Unknown(StrictUndefined):
    """Any use of an unknown name fails, and says which names there are instead."""

    __slots__ = ()

    def __init__(self, hint: Any = None, obj: Any = missing, name: Any = None, exc: Any = UndefinedError) -> None:
        def fault(message: str | None = None) -> Exception:
            return exc(message) if exc is SecurityError else _unknown(message, obj, name)

        super().__init__(hint, obj, name, fault)  # type: ignore[arg-type]


def _unknown(message: str | None, holder: Any, name: str | None) -> UndefinedError:
    if name is None or not is_dataclass(holder):
        return Misuse(message or "something unknown is used", "see the names listed in this folder's README")
    known = [field.name for field in fields(holder)]
    return Misuse(f"'{type(holder).__name__.lower()}' has no '{name}'", suggestion(name, known))


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, narrowed: no way round the escaping, no arithmetic that grows, no methods of text."""

    intercepted_binops = frozenset({"**", "*", "%"})

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._looked_at: dict[str, Template] = {}

    def look_again(self) -> None:
        """At every file, when it is next needed."""
        self._looked_at.clear()

    def _load_template(self, name: str, globals: Any) -> Template:  # noqa: A002 - Jinja2's name
        """Whether its file was changed is not looked at each time: a letter is made of a dozen."""
        known = self._looked_at.get(name)
        if known is None:
            known = self._looked_at[name] = super()._load_template(name, globals)
        return known

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and all(isinstance(side, int) and abs(side) < 10**12 for side in (left, right)):
            return left * right
        raise SecurityError(f"the operator {operator} is not available in a message template")

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A fact's fields are data: nothing about them has to be judged, as Jinja2 judges whatever it is given."""
        if attribute in _names_of(obj.__class__):
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Fields of the facts and of the loop variable are readable; methods of text, some of which grow, are not."""
        return not attr.startswith("_") and not (isinstance(obj, str) and callable(value))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for tag in tree.find_all(nodes.ScopedEvalContextModifier):
            raise TemplateSyntaxError("escaping cannot be switched here", tag.lineno, name, filename)
        return tree


@cache
def _names_of(kind: type) -> frozenset[str]:
    named = [field.name for field in fields(kind)] if is_dataclass(kind) else []
    return frozenset(name for name in named if not name.startswith("_"))


@pass_context
def _money(context: Context, value: object) -> str:
    """An amount as the buyer writes it."""
    if not isinstance(value, Money):
        raise Misuse("'money' was given something that is no amount", f"put it after an amount, {_IF}")
    return _manner(context).money(value)


@pass_context
def _date(context: Context, value: object) -> str:
    """A day as the buyer writes it."""
    if not isinstance(value, (datetime, date)):
        raise Misuse("'date' was given something that is no time", f"put it after a name ending in _at, {_IF}")
    return _manner(context).date(value)


def _manner(context: Context) -> Manner:
    place: Manner = context[MANNER]
    return place


@cache
def environment(override: Path | None) -> Sandbox:
    """Templates are looked for in the merchant's folder first and inside the package second; no other source exists.

    One for each folder: compiling the letters costs more than rendering them.
    """
    loaders: list[BaseLoader] = [PackageLoader("hub.notice", "letters")]
    if override is not None:
        loaders.insert(0, FileSystemLoader(override))
    sandbox = Sandbox(
        loader=ChoiceLoader(loaders),
        autoescape=lambda name: not (name or "").endswith(".txt"),
        undefined=_Unknown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sandbox.filters = {name: made for name, made in sandbox.filters.items() if name in _FILTERS}
    sandbox.filters |= {"money": _money, "date": _date}
    sandbox.globals.clear()
    return sandbox
