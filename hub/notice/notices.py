"""Renders a customer's message: the merchant's template where there is one, the shipped one else."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateNotFound

from hub.language.problem import Problem
from hub.model.contract import CannotPrepare, Letter
from hub.notice.environment import MANNER, environment
from hub.notice.fault import problem_of
from hub.notice.manner import FALLBACK, Manner, manner
from hub.notice.sample import EVERY, FEW, USUAL, sample
from hub.notice.view import KINDS, names, order_in
from hub.wire.mail import value_fault

MAX_LETTER = 512 * 1024  # characters of one rendered part

LOOKED_AT_AGAIN = 1.0  # seconds
_BLANKS = re.compile(r"\n{3,}")


class TemplateNotices:
    """Implements `hub.model.contract.Notices`. Safe for many threads; a template that is edited or added on disk is
    used within a second.

    `folder` is where the merchant keeps his own templates: `shipped.html`, or `de/shipped.html` for one language; what
    is not there is taken from the package. `shop` gives the defaults of a scope's `shop`: name, email, phone, url,
    logo_url, address, colour; locale, used where the order does not say its own; language, which the merchant's own
    general templates are written in (English else); timezone.
    """

    def __init__(self, folder: Path | None = None, shop: Mapping[str, Any] | None = None) -> None:
        self._environment = environment(folder)
        self._shop = dict(shop or {})
        self._found: dict[tuple[str, Manner], tuple[Template, Manner]] = {}
        self._looked_at = time.monotonic()

    def render(self, kind: str, scope: Mapping[str, Any]) -> Letter:
        """A message of one of `KINDS`.

        `scope` has `order` (canonical), and as the kind needs `parcel` ({tracking_number, tracking_url, carrier,
        shipped_at, delivered_at, lines: [{id, quantity}]}; beside it `remaining`, units of the order still to come),
        `refund` ({amount, currency, reason, lines}), `cancellation` ({reason, refunded}); `shop` and `locale` if known.
        Raises CannotPrepare, its `path` being `file:line` where a template is at fault.
        """
        if kind not in KINDS:
            raise CannotPrepare(f"there is no message '{kind}'", "kind", f"use one of {', '.join(KINDS)}")
        try:
            return self._render(kind, scope)
        except CannotPrepare:
            raise
        except Exception as error:  # whatever a template can raise is the template's fault, and is told as such
            problem = self._problem(error, kind)
            raise CannotPrepare(problem.what, f"{problem.file}:{problem.line}", problem.mend) from error

    def preview(self, kind: str, locale: str | None = None) -> Letter:
        """The same with an invented order. Raises CannotPrepare."""
        self._look_again()
        return self.render(kind, sample(kind) | ({"locale": locale} if locale else {}))

    def check(self) -> list[Problem]:
        """Every fault of every template: each kind is rendered with all facts and with few, in each language."""
        self._look_again()
        problems: set[Problem] = set()
        for kind in KINDS:
            for language in self._languages():
                for extent in (USUAL, EVERY, FEW):
                    problems |= self._faults(kind, sample(kind, extent) | {"locale": language})
        return sorted(problems)

    def _look_again(self) -> None:
        """At the files. Who asks how a letter looks has just edited one."""
        self._looked_at = time.monotonic()
        self._found.clear()
        self._environment.look_again()

    def _faults(self, kind: str, scope: Mapping[str, Any]) -> set[Problem]:
        try:
            self._render(kind, scope)
        except CannotPrepare as error:
            file, _, line = error.path.rpartition(":")
            return {Problem(file or kind, int(line) if line.isdigit() else 1, 1, "", error.what, error.mend)}
        except Exception as error:  # as in render
            return {self._problem(error, kind)}
        return set()

    def _render(self, kind: str, scope: Mapping[str, Any]) -> Letter:
        if time.monotonic() - self._looked_at > LOOKED_AT_AGAIN:
            self._look_again()
        order = order_in(scope)
        shop = self._shop | dict(scope.get("shop") or {})
        place = manner(scope.get("locale") or order.locale or shop.get("locale"), shop.get("timezone") or "UTC")
        text_template, text_manner = self._template(f"{kind}.txt", place)
        html_template, html_manner = self._template(f"{kind}.html", place)
        shared = dict(scope) | {"shop": shop}
        text_names = names(kind, shared, order, text_manner) | _carried(text_manner)
        html_names = text_names
        if html_manner != text_manner:
            html_names = names(kind, shared, order, html_manner) | _carried(html_manner)
        subject = self._subject(text_template, text_names)
        text = _tidy(_capped(text_template.render(text_names), text_template))
        return Letter(subject, text, self._html(html_template, html_names, subject))

    def _html(self, template: Template, known: dict[str, Any], subject: str) -> str:
        return _capped(template.render(known | {"subject": subject}), template)

    def _template(self, name: str, place: Manner) -> tuple[Template, Manner]:
        """The template in the buyer's language, or else the general one."""
        known = self._found.get((name, place))
        if known is None:  # looking for one that is not there costs as much as a letter
            known = self._found[name, place] = self._find(name, place)
        return known

    def _find(self, name: str, place: Manner) -> tuple[Template, Manner]:
        try:
            return self._environment.get_template(f"{place.language}/{name}"), place
        except TemplateNotFound as error:
            if error.name != f"{place.language}/{name}":
                raise
        general = str(self._shop.get("language") or FALLBACK)
        return self._environment.get_template(name), place.writing(general)

    def _subject(self, template: Template, known: dict[str, Any]) -> str:
        block = template.blocks.get("subject")
        where = template.filename or template.name or ""
        if block is None:
            raise CannotPrepare("the template has no subject", f"{where}:1", "add {% block subject %}...{% endblock %}")
        subject = "".join(block(template.new_context(known))).strip()
        fault = "is empty" if not subject else value_fault(subject)
        if fault:
            raise CannotPrepare(f"the subject {fault}", f"{where}:1", "leave what the customer wrote out of it")
        return subject

    def _languages(self) -> list[str]:
        found = {name.partition("/")[0] for name in self._environment.list_templates() if "/" in name}
        return [FALLBACK, *sorted(found - {FALLBACK})]

    def _problem(self, error: Exception, kind: str) -> Problem:
        known = names(kind, sample(kind), order_in(sample(kind)), manner(FALLBACK))
        return problem_of(error, f"{kind}.html", frozenset(self._environment.filters), frozenset(known))


def _carried(place: Manner) -> dict[str, Any]:
    return {MANNER: place, "language": place.tag}


def _tidy(text: str) -> str:
    """Plain text without the blank lines that a template's untaken branches leave behind."""
    return _BLANKS.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip("\n") + "\n"


def _capped(text: str, template: Template) -> str:
    if len(text) > MAX_LETTER:
        place = f"{template.filename or template.name}:1"
        raise CannotPrepare(f"the message is longer than {MAX_LETTER} characters", place, "shorten what it repeats")
    return text
