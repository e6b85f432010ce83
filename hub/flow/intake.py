"""From a kept message to the order it tells of: translate, merge, begin. A worker never dies of a message."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from hub.flow import evidence, gap, planner
from hub.flow.call import send
from hub.flow.event import Happening, Moment
from hub.flow.expand import begin
from hub.flow.intent import Sending, go_on
from hub.flow.scope import reads_source
from hub.flow.setting import OBSERVE, Connection, Setting
from hub.model.book import Book, Observation
from hub.model.merge import SNAPSHOT, contradicts, join, order_of
from hub.model.message import ASKED, Entity, Evidence, MessageEnd, MessageState, StoredMessage, Translation
from hub.model.order import Order

Work = Generator[Happening, Any, None]

_SETTLED_STANDINGS = ("cancelled", "deleted", "completed")
_ORDER_KINDS = ("order", "refund", "fulfillment", "deleted")


def receive(setting: Setting, message: StoredMessage) -> Work:
    """What one kept message needs: its orders changed, its evidence placed, and then its own state settled."""
    delivery = message.delivery
    connection = setting.connections.get(delivery.connection)
    if connection is None:
        yield _settle(setting, message, MessageState.HELD, "unknown_connection", {"connection": delivery.connection})
        return
    if delivery.kind not in (*_ORDER_KINDS, "evidence"):
        yield _settle(setting, message, MessageState.IGNORED, delivery.kind, {})
        return
    if delivery.mapping is None:
        yield _settle(setting, message, MessageState.HELD, "unknown_mapping", {"topic": delivery.topic})
        return
    translation = setting.translator.translate(delivery.mapping, delivery.body, connection.settings)
    if translation.problems:
        problems = [asdict(problem) for problem in translation.problems]
        yield _settle(setting, message, MessageState.HELD, "unmappable", {"problems": problems})
        return
    touched: dict[str, None] = {}
    parts = _by_order(connection, translation)
    if len(parts) == 1 and not translation.evidence:  # as nearly always: the message ends with what it changes
        ((key, part),) = parts.items()
        end = MessageEnd(message.id, message.token, MessageState.TRANSLATED.value, None, {"orders": [key]})
        sending = yield Moment("translate", _taking_in(setting, key, part, message, end))
        yield from send(setting, sending, "scheduled")
        return
    for key, part in parts.items():
        yield Moment("translate", _taking_in(setting, key, part, message))
        touched[key] = None
    for item in translation.evidence:
        keys = yield Moment("place evidence", _placing(setting, connection, item, message))
        for key in keys or ():
            yield Moment("observe", _observing(setting, key, connection, item, message))
            touched[key] = None
    yield _settle(setting, message, MessageState.TRANSLATED, None, {"orders": list(touched)})


def _settle(
    setting: Setting, message: StoredMessage, state: MessageState, cause: str | None, detail: dict[str, Any]
) -> Moment:
    def act(now: datetime) -> None:
        setting.store.settle_message(message.id, message.token, state.value, cause, detail, now)

    return Moment("settle message", act)


def _by_order(connection: Connection, translation: Translation) -> dict[str, Translation]:
    parts: dict[str, list[Any]] = {}
    for entity in translation.entities:
        parts.setdefault(f"{connection.name}:{entity.source_order_id}", []).append(entity)
    return {key: Translation(entities=tuple(entities)) for key, entities in parts.items()}


def _taking_in(
    setting: Setting, key: str, part: Translation, message: StoredMessage, end: MessageEnd | None = None
) -> Callable[[datetime], Sending | None]:
    """`end`: of a message that tells of nothing else, so that its worker is free to go on with the order."""

    def act(now: datetime) -> Sending | None:
        def moment(book: Book) -> Sending | None:
            if end is not None:
                book.ends.append(end)
            before, beside = book.source_version, _beside(book)
            unsure = any(contradicts(book.facts, entity) for entity in part.entities)
            absorb(setting, book, part, now, asked=dict(message.delivery.headers).get(ASKED, ""))
            says_less = setting.connections[book.connection].pull_mapping != message.delivery.mapping
            is_thin = (says_less and book.source_version > before) or _beside(book) != beside
            _ask_for_more(setting, book, part, is_thin=is_thin, unsure=unsure, now=now)
            planner.advance(setting, book, now)
            return go_on(setting, book, now) if end is not None else None

        return setting.store.change(key, moment, now)

    return act


def _beside(book: Book) -> dict[str, Any]:
    """What is known of the order's refunds and parcels."""
    return {name: fact for name, fact in book.facts.items() if not name.startswith(SNAPSHOT)}


def _ask_for_more(
    setting: Setting, book: Book, part: Translation, *, is_thin: bool, unsure: bool, now: datetime
) -> None:
    """Thin and versionless facts, contradictions, and side facts of an order never seen: the source is read.

    A webhook may say less than a read does: of payments, of risk, of which units a refund took off. Where it tells news
    (`is_thin`) the last read is stale, so that nothing irreversible is decided on it.
    """
    if not reads_source(setting, book.connection):
        return
    if is_thin:
        book.distrust(now)
    if unsure or book.order is None or any(not entity.version for entity in part.entities):
        book.distrust(now)
        book.fetch_at = now
        book.chores.append(("fetch", book.key, now))


def absorb(setting: Setting, book: Book, part: Translation, now: datetime, *, asked: str = "") -> None:
    """Joins facts into the book and, the first time there is an order, decides what becomes of it.

    `asked`: when the source was asked for them, where they were read and not told.
    """
    facts = book.facts
    for entity in part.entities:
        facts = join(facts, _dated(setting, book, entity), asked)
        if entity.kind == "order":
            book.source_version = max(book.source_version, entity.version)
    if facts is not book.facts:
        book.facts = facts
        book.order = order_of(facts)
        book.version += 1
    if book.order is not None and book.disposition == "new":
        _dispose(setting, book, book.order, now)


def _dated(setting: Setting, book: Book, entity: Entity) -> Entity:
    """A deletion says no version: where the source can be asked it makes us ask, elsewhere it counts as the latest."""
    undated = entity.kind == "deleted" and not entity.version
    if not undated or reads_source(setting, book.connection):
        return entity
    return replace(entity, version=book.source_version)


def gone(book: Book) -> Entity:
    """The source does not know the order any more: deleted after all it ever said of it."""
    return Entity("deleted", book.source_id, book.source_id, book.source_version, {})


def _dispose(setting: Setting, book: Book, order: Order, now: datetime) -> None:
    """Safe start: what was placed before we were asked to act, or is over at the source, is history; a test order
    never joins.
    """
    connection = setting.connections[book.connection]
    act_from = setting.standing(book, book.connection).act_from
    if connection.live and order.test:
        return _set_aside(book, "ignored", "test_order", now)
    if act_from is None or order.placed_at < act_from:
        return _set_aside(book, "history", "history", now)
    over = order.standing in _SETTLED_STANDINGS or _already_fulfilled(order)
    if over and (order.standing == "deleted" or not gap.fell_into(setting.gap, order)):
        return _set_aside(book, "history", "over_at_source", now)
    if order.standing == "draft":
        return None  # not an order yet: looked at again with its next version
    start(setting, book, now)


def _already_fulfilled(order: Order) -> bool:
    wanted = [line for line in order.line_items if line.quantity.total > 0]
    return bool(wanted) and all(line.quantity.fulfilled >= line.quantity.total for line in wanted)


def _set_aside(book: Book, disposition: str, why: str, now: datetime) -> None:
    book.disposition, book.why = disposition, why
    book.note(now, "hub", disposition, "Set aside: it is never acted upon unless a person adopts it.", why=why)


def start(setting: Setting, book: Book, now: datetime) -> None:
    """The order joins the hub's work."""
    book.disposition, book.why = "active", None
    begin(setting, book, "fulfil-order", now)
    mode = setting.mode_of(book.connection, "")
    text = "The order was received." if mode != OBSERVE else "The order was received (observing: nothing is sent)."
    book.note(now, book.connection, "received", text)


def _placing(
    setting: Setting, connection: Connection, item: Evidence, message: StoredMessage
) -> Callable[[datetime], Any]:
    def act(now: datetime) -> Any:
        if item.live is not None and item.live != connection.live:
            return []  # a test event never touches a live flow, nor a live one a test
        return setting.store.place_evidence(_observation(connection, item, message, now))

    return act


def _observation(connection: Connection, item: Evidence, message: StoredMessage, now: datetime) -> Observation:
    handles = tuple(dict.fromkeys((*item.references, *item.provider_ids)))
    return Observation(item.type, connection.name, item.occurred_at or now, handles, item.document, message.id)


def _observing(
    setting: Setting, key: str, connection: Connection, item: Evidence, message: StoredMessage
) -> Callable[[datetime], None]:
    def act(now: datetime) -> None:
        def moment(book: Book) -> None:
            observation = _observation(connection, item, message, now)
            book.observations.append(observation)
            evidence.observe(setting, book, observation, now)
            planner.advance(setting, book, now)

        setting.store.change(key, moment, now)

    return act


def fail(setting: Setting, message: StoredMessage, error: BaseException, now: datetime) -> None:
    """A defect of ours met this message: it is tried again a few times, then held with its cause; the worker lives
    on.
    """
    if message.tries >= 5:
        detail = {"error": type(error).__name__}
        setting.store.settle_message(message.id, message.token, MessageState.HELD.value, "defect", detail, now)
    else:
        setting.store.retry_message(message.id, message.token, now + timedelta(seconds=2**message.tries))
