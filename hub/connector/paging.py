"""Questions with several pages. A lookup that did not see them all is unknown, never "nothing found"."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from hub.connector import rest
from hub.connector.compiled import Fault
from hub.connector.exchange import Judge, Reply
from hub.connector.operation import Operation
from hub.connector.result import LISTS
from hub.connector.verdict import Answer, plainly
from hub.language.decode import DecodeError, canonical_json, decode_json
from hub.model.contract import CannotPrepare
from hub.model.outcome import Outcome, Verdict

_NEXT_LINK = re.compile(r"<([^<>]*)>[^,<]*;\s*rel=\"?next\"?", re.IGNORECASE)


class Asker(Protocol):
    """What paging needs of a connection."""

    def build(self, operation: Operation, inputs: Mapping[str, Any], page: Any = None) -> rest.Prepared: ...

    def scope(self, inputs: Mapping[str, Any], page: Any = None) -> dict[str, Any]: ...

    def call(
        self, operation: Operation, prepared: rest.Prepared, scope: Mapping[str, Any], *, judged_by: Judge = ...
    ) -> Reply: ...


def gather(asker: Asker, operation: Operation, inputs: Mapping[str, Any]) -> Outcome:
    """The outcome of the whole question. Raises `CannotPrepare`."""
    also, failed = further(asker, operation, inputs)
    if failed is not None:
        return failed
    pages = operation.spec.pages
    page = _from_cursor(inputs.get("cursor")) if pages and operation.cursored else None
    found: dict[str, Any] = {}
    seen: list[Any] = [page]
    for _ in range(pages.limit if pages and not operation.cursored else 1):
        scope = {**asker.scope(inputs, page), "also": also}
        reply = _asked(asker, operation, asker.build(operation, inputs, page), scope)
        if pages is None or reply.outcome.verdict is not Verdict.DONE or reply.answer is None:
            return reply.outcome
        found = _joined(found, reply.outcome.result)
        try:
            page = _next(operation, reply.answer, scope)
        except (Fault, ValueError) as fault:
            return _lost(reply, f"the next page cannot be told: {fault}")
        if operation.cursored or page is None:
            more = {"next": _to_cursor(page)} if operation.cursored else {}
            return dataclasses.replace(reply.outcome, result={**found, **more})
        if page in seen:
            return _lost(reply, "the pages go round in a circle")
        seen.append(page)
    return Outcome(Verdict.UNKNOWN, code="too_many_pages", message="there are more pages than the manifest allows")


def _asked(asker: Asker, operation: Operation, prepared: rest.Prepared, scope: dict[str, Any]) -> Reply:
    reply = asker.call(operation, prepared, scope)
    if reply.outcome.code == "token_renewed":
        reply = asker.call(operation, prepared, scope)
    return reply


def further(asker: Asker, operation: Operation, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], Outcome | None]:
    """(the decoded answers to the operation's further questions, why one of them has none). Raises `CannotPrepare`."""
    found: dict[str, Any] = {}
    if not operation.also:
        return found, None
    scope = asker.scope(inputs)
    try:
        asked = rest.build_also(operation, scope)
    except Fault as fault:
        raise CannotPrepare(fault.what, fault.path) from fault
    for name, prepared in asked.items():
        reply = asker.call(operation, prepared, scope, judged_by=plainly)
        if reply.outcome.code == "token_renewed":
            reply = asker.call(operation, prepared, scope, judged_by=plainly)
        if reply.answer is not None and reply.answer.status == 404 and not operation.mutating:
            found[name] = None  # there is nothing of that; whether the thing itself is there, the question itself says
            continue
        if reply.outcome.verdict is not Verdict.DONE or reply.answer is None:
            return found, reply.outcome
        found[name] = reply.answer.value
    return found, None


def _next(operation: Operation, answer: Answer, scope: Mapping[str, Any]) -> Any:
    """What the next request sees as `page`; None where the list ends."""
    pages = operation.spec.pages
    if pages is not None and pages.style == "link":
        match = _NEXT_LINK.search(answer.headers.get("link", ""))
        return _parameters(match[1]) if match else None
    value = operation.next_page.render(answer.scope(scope)) if operation.next_page else None
    if value in (None, "", False):
        return None
    return _parameters(str(value)) if pages is not None and pages.style == "url" else value


def _parameters(url: str) -> dict[str, str]:
    """The parameters of a link. Only they are taken over: where to ask stays the manifest's word."""
    return dict(parse_qsl(urlsplit(url).query or url.partition("?")[2], keep_blank_values=True, max_num_fields=100))


def _joined(found: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    lists = {name: [*found.get(name, []), *value] for name, value in more.items() if name in LISTS and value}
    return {**more, **{name: found[name] for name in found if name in LISTS}, **lists}


def _lost(reply: Reply, why: str) -> Outcome:
    return dataclasses.replace(reply.outcome, verdict=Verdict.UNKNOWN, result={}, code="pages", message=why[:300])


def _to_cursor(page: Any) -> str | None:
    return None if page is None else canonical_json(page).decode()


def _from_cursor(cursor: Any) -> Any:
    if cursor is None:
        return None
    try:
        return decode_json(str(cursor).encode())
    except DecodeError:
        raise CannotPrepare("the cursor is not one that this operation gave", "input.cursor") from None
