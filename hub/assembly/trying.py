"""Tries a webhook or a mapping on files: no hub, no connection, nothing kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.assembly.home import Unfit
from hub.assembly.shelf import Kind, Shelves
from hub.language.decode import DecodeError, decode_json
from hub.language.problem import suggestion
from hub.mapping.load import load as load_mapping
from hub.mapping.translator import translate
from hub.model.merge import join, order_of
from hub.model.message import Translation
from hub.webhook.load import load_source
from hub.webhook.source import Source
from hub.webhook.trial import BadCase, headers_of, secrets_of, try_cases, try_webhook


def webhook(
    shelves: Shelves, source: str, headers: bytes, body: bytes, secrets: Sequence[str], now: int | None
) -> dict[str, Any]:
    """`{"verified", "reason", "topic", "delivery_id", "kind"}` of one delivery. `now`: epoch seconds. Raises Unfit,
    Problems."""
    try:
        read = headers_of(_json(headers, "the headers"))
        return try_webhook(_source(shelves, source), read, body, secrets_of(list(secrets)), _now(now))
    except BadCase as error:
        raise Unfit(str(error)) from error


def webhooks(shelves: Shelves, source: str, cases: bytes, now: int | None) -> Iterator[dict[str, Any]]:
    """The same for each of a JSON list of cases, their names first. Raises Unfit, Problems."""
    try:
        return try_cases(_source(shelves, source), _json(cases, "the cases"), _now(now))
    except BadCase as error:
        raise Unfit(str(error)) from error


def mapping(shelves: Shelves, name: str, payload: bytes, settings: Mapping[str, Any]) -> Translation:
    """What a mapping makes of a payload. `name` is a mapping's, or the path of its file. Raises Unfit, Problems."""
    return translate(load_mapping(_path(shelves, Kind.MAPPING, name)), payload, settings)


def told(translation: Translation) -> dict[str, Any]:
    """A translation for people and programs: canonical orders where it has whole ones, everything else beside them."""
    facts: dict[str, dict[str, Any]] = {}
    for entity in translation.entities:
        facts[entity.source_order_id] = join(facts.get(entity.source_order_id, {}), entity)
    orders = [order for order in map(order_of, facts.values()) if order is not None]
    alone = [asdict(entity) for entity in translation.entities if entity.kind != "order"]
    return {
        "orders": [order.model_dump(mode="json") for order in orders],
        "facts": alone,
        "evidence": [asdict(evidence) for evidence in translation.evidence],
        "problems": [asdict(problem) for problem in translation.problems],
    }


def document(found: dict[str, Any]) -> Any:
    """What `told` gave, as `--json` prints it: the canonical order, or the list of them, or the problems."""
    orders = found["orders"]
    if found["problems"]:
        return {"problems": found["problems"]}
    if not orders:
        return {"facts": found["facts"], "evidence": found["evidence"]}
    return orders[0] if len(orders) == 1 else orders


def _source(shelves: Shelves, name: str) -> Source:
    return load_source(_path(shelves, Kind.WEBHOOK, name))


def _path(shelves: Shelves, kind: Kind, name: str) -> Path:
    entry = shelves.find(kind, name)
    if entry is not None:
        return entry.path
    if name.endswith(".yaml") and Path(name).is_file():
        return Path(name)
    raise Unfit(f"there is no {kind} '{name}': {suggestion(name, shelves.names(kind))}")


def _json(raw: bytes, what: str) -> Any:
    try:
        return decode_json(raw)
    except DecodeError as error:
        raise Unfit(f"{what} cannot be read: {error.what}") from error


def _now(now: int | None) -> int:
    return int(time.time()) if now is None else now
