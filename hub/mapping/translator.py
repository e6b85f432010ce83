"""Runs mappings: payload bytes to canonical facts, or to problems a person can act on. Input never makes it raise."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Mapping as Table
from hashlib import blake2b
from threading import Lock
from typing import Any

from pydantic import BaseModel, ValidationError

from hub.language.decode import DecodeError, canonical_json, decode_json
from hub.language.evaluate import ExpressionError
from hub.language.expression import Expression
from hub.language.problem import path_text
from hub.mapping.balance import judge
from hub.mapping.fault import fewer, from_expression, from_validation, missing, wrong_kind
from hub.mapping.load import CompiledFacts, Mapping
from hub.mapping.told import Told
from hub.model.message import Entity, Evidence, FieldProblem, Translation
from hub.model.order import Adjustment, FulfillmentEvent, Order

Scope = dict[str, Any]

_NOUNS: dict[str, type[BaseModel]] = {"order": Order, "refund": Adjustment, "fulfillment": FulfillmentEvent}


_REMEMBERED, _MEMORABLE = 256, 65_536  # payloads, and bytes of one of them


class Translations:
    """Mappings by name, as the flow asks for them (a `hub.model.contract.Translator`).

    The same payload comes again and again (deliveries are repeated, and each sweep begins before the last one's end):
    what the last few told is remembered, and their translations are shared, so nobody changes one.
    """

    def __init__(self, mappings: Table[str, Mapping]) -> None:
        self._mappings = mappings
        self._told: OrderedDict[tuple[str, bytes], Translation] = OrderedDict()
        self._lock = Lock()

    def translate(self, mapping: str, body: bytes, settings: Table[str, Any]) -> Translation:
        return self._once(mapping, body, settings, lambda found: translate(found, body, settings))

    def translate_document(self, mapping: str, document: Any, settings: Table[str, Any]) -> Translation:
        body = canonical_json(document)
        return self._once(mapping, body, settings, lambda found: translate_document(found, document, settings))

    def _once(
        self, mapping: str, body: bytes, settings: Table[str, Any], work: Callable[[Mapping], Translation]
    ) -> Translation:
        found = self._mappings.get(mapping)
        if found is None:
            return _unknown(mapping)
        if len(body) > _MEMORABLE:
            return work(found)
        name = (mapping, blake2b(canonical_json(dict(settings)) + b"\0" + body, digest_size=32).digest())
        with self._lock:
            if (told := self._told.get(name)) is not None:
                self._told.move_to_end(name)
                return told
        told = work(found)
        with self._lock:
            self._told[name] = told
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
        return told


def translate(mapping: Mapping, body: bytes, settings: Table[str, Any]) -> Translation:
    """What a payload tells: entities or evidence, or else every problem that was found in it.

    `settings` are the connection's. Nothing at all is told by a payload that the mapping's `when` sets aside.
    """
    try:
        document = decode_json(body)
    except DecodeError as error:
        return Translation(
            problems=(FieldProblem("", error.what, "see what in the source writes it so, then have it sent again"),)
        )
    return translate_document(mapping, document, settings)


def translate_document(mapping: Mapping, document: Any, settings: Table[str, Any]) -> Translation:
    """The same for a payload that was decoded before (exact decimals, no floats)."""
    given = {name: setting.default for name, setting in mapping.manifest.settings.items()}
    given |= {name: value for name, value in settings.items() if value is not None}
    scope = {"source": document, "settings": given, "tables": mapping.manifest.tables}
    run = _Run(mapping)
    documents = run.value(mapping.documents, scope, "documents") if mapping.documents else [document]
    if run.problems or not isinstance(documents, list):
        return Translation(problems=tuple(run.problems) or (wrong_kind("documents", "a list"),))
    for one in documents:
        run.take({**scope, "source": one})
    if run.problems:
        return Translation(problems=fewer(run.problems))
    return Translation(entities=tuple(run.entities), evidence=tuple(run.evidence))


def _unknown(mapping: str) -> Translation:
    mend = "write its declaration, or name another mapping for this topic"
    return Translation(problems=(FieldProblem("", f"there is no mapping '{mapping}'", mend),))


class _Run:
    """One translation. Problems are collected, so that a person sees all of them at once."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.problems: list[FieldProblem] = []
        self.entities: list[Entity] = []
        self.evidence: list[Evidence] = []

    def take(self, scope: Scope) -> None:
        """One document."""
        mapping = self.mapping
        if not self.meets(scope):
            return
        for name, template in mapping.let:
            faults: list[ExpressionError] = []
            scope[name] = template.part(scope, faults)
            self.faults(faults, ("let", name))
        if mapping.when is not None and not self.value(mapping.when, scope, "when"):
            return
        if mapping.manifest.produces == "evidence":
            self.tell(scope)
        else:
            self.state(scope)

    def meets(self, scope: Scope) -> bool:
        met = True
        for expression, part in zip(self.mapping.require, self.mapping.manifest.require, strict=True):
            if not self.value(expression, scope, part.path):
                self.problems.append(FieldProblem(part.path, part.what, part.mend))
                met = False
        return met

    def state(self, scope: Scope) -> None:
        """The entity that the document is, and those it tells of besides."""
        mapping, manifest = self.mapping, self.mapping.manifest
        order_id = self.text(mapping.source_order_id, scope, "source_order_id")
        entity_id = order_id if mapping.entity_id is None else self.text(mapping.entity_id, scope, "entity_id")
        version = self.version(mapping.version, scope)
        if manifest.produces == "deleted":
            document: dict[str, Any] | None = {}
        else:
            document = self.noun(manifest.produces, self.render(mapping, scope), "fields")
        if document is not None and order_id and entity_id:
            self.entities.append(Entity(manifest.produces, order_id, entity_id, version, document))
        for section, facts in enumerate(mapping.also):
            self.besides(facts, scope, order_id or "", section)

    def besides(self, facts: CompiledFacts, scope: Scope, order_id: str, section: int) -> None:
        elements = self.value(facts.each, scope, "also")
        for index, element in enumerate(elements if isinstance(elements, list) else []):
            inner = {**scope, "item": element, "index": index}
            if facts.when is not None and not self.value(facts.when, inner, "also"):
                continue
            entity_id = self.text(facts.id, inner, f"also[{section}].id")
            faults: list[ExpressionError] = []
            made = facts.fields.render(inner, faults)
            self.faults(faults, ("also", section, index))
            document = self.noun(facts.produces, made, f"also[{section}].fields") if not faults else None
            if document is not None and entity_id and order_id:
                version = self.version(facts.version, inner)
                self.entities.append(Entity(facts.produces, order_id, entity_id, version, document))

    def tell(self, scope: Scope) -> None:
        made = self.render(self.mapping, scope)
        if made is None or made.get("type") is None:
            return  # an event that means nothing to an order
        try:
            told = Told.model_validate(made)
        except ValidationError as error:
            self.problems += from_validation(error, self.mapping.id, "fields")
            return
        self.evidence.append(told.evidence())

    def render(self, mapping: Mapping, scope: Scope) -> dict[str, Any] | None:
        faults: list[ExpressionError] = []
        made = mapping.fields.render(scope, faults)
        self.faults(faults, ())
        return None if faults or not isinstance(made, dict) else made

    def noun(self, kind: str, made: dict[str, Any] | None, where: str) -> dict[str, Any] | None:
        """The canonical document as plain JSON, only the keys that the mapping gave."""
        if made is None:
            return None
        try:
            noun = _NOUNS[kind].model_validate(made)
        except ValidationError as error:
            self.problems += from_validation(error, self.mapping.id, where)
            return None
        if isinstance(noun, Order):
            flag = judge(noun, self.mapping.manifest.balance)
            if flag is not None:
                noun = noun.model_copy(update={"messages": [*noun.messages, flag]})
        return noun.model_dump(mode="json", exclude_unset=True)

    def value(self, expression: Expression, scope: Scope, where: str) -> Any:
        try:
            return expression.evaluate(scope)
        except ExpressionError as error:
            self.problems.append(from_expression(error.what, where, self.mapping.id, where))
            return None

    def text(self, expression: Expression | None, scope: Scope, where: str) -> str | None:
        value = self.value(expression, scope, where) if expression is not None else None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value:
            return value
        if not self.problems:
            self.problems.append(missing(where, self.mapping.id))
        return None

    def version(self, expression: Expression | None, scope: Scope) -> str:
        value = self.value(expression, scope, "version") if expression is not None else None
        return "" if value is None else str(value)

    def faults(self, faults: list[ExpressionError], prefix: tuple[str | int, ...]) -> None:
        for fault in faults:
            path = path_text((*prefix, *fault.path))
            declared = path if prefix else f"fields.{path}"
            self.problems.append(from_expression(fault.what, path, self.mapping.id, declared))
