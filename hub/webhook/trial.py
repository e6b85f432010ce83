"""Tries a delivery against a source without a hub: what `crossdock try webhook` prints."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.webhook.headers import Headers
from hub.webhook.secret import UnusableSecret
from hub.webhook.source import Source


class BadCase(ValueError):
    """The input is not a delivery: the text says what is wrong with it."""


def try_webhook(source: Source, headers: Headers, body: bytes, secrets: Sequence[str], now: int) -> dict[str, Any]:
    """`{"verified", "reason", "topic", "delivery_id", "kind"}` for a delivery at `now` (epoch seconds).

    `reason` is a word of `Reason`. The last three are null where nothing is verified, and `delivery_id` is null where
    the source gives none. There is no connection here, so bindings to a connection's settings are not checked.
    """
    try:
        keys = source.verifier.keys(secrets)
    except UnusableSecret:
        keys = ()
    judged = source.judge(headers, body, keys, None, now)
    verified = judged.reason.verified
    return {
        "verified": verified,
        "reason": judged.reason.value,
        "topic": judged.topic or None,
        "delivery_id": judged.source_id or None,
        "kind": judged.kind if verified else None,
    }


def try_cases(source: Source, cases: Any, now: int) -> Iterator[dict[str, Any]]:
    """One result for each of `{name, headers, body_b64, secret, now}`, with the name first. `secret` may be a list;
    `now` stands in where a case names no time. Raises BadCase before the first result."""
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise BadCase("the cases are a list of objects with name, headers, body_b64, secret and now")
    read = [_case(case, index, now) for index, case in enumerate(cases)]
    return ({"name": name, **try_webhook(source, *delivery)} for name, delivery in read)


def headers_of(data: Any) -> Headers:
    """Headers from a JSON object, a list of [name, value] pairs, or an object that holds either under `headers`."""
    if isinstance(data, Mapping) and isinstance(data.get("headers"), list | Mapping):
        data = data["headers"]
    pairs: Iterable[Any] = data.items() if isinstance(data, Mapping) else data
    if not isinstance(data, list | Mapping):
        raise BadCase("headers are an object, or a list of [name, value] pairs")
    return Headers(_pair(pair) for pair in pairs)


def secrets_of(data: Any) -> list[str]:
    """The active secrets from one text, a list of texts, or nothing."""
    secrets = [] if data is None else [data] if isinstance(data, str) else data
    if not isinstance(secrets, list) or not all(isinstance(one, str) for one in secrets):
        raise BadCase("a secret is a text or a list of texts")
    return secrets


def _pair(pair: Any) -> tuple[str, str]:
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise BadCase("a header is a name and a value, both texts")
    return pair[0], pair[1]


def _case(case: dict[str, Any], index: int, now: int) -> tuple[Any, tuple[Headers, bytes, list[str], int]]:
    name = case.get("name", index)
    try:
        body = b64decode(case.get("body_b64", ""), validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadCase(f"case {name}: body_b64 is not base64") from error
    at = now if case.get("now") is None else case["now"]
    if isinstance(at, bool) or not isinstance(at, int):
        raise BadCase(f"case {name}: now is whole seconds since 1970")
    try:
        return name, (headers_of(case.get("headers", {})), body, secrets_of(case.get("secret")), at)
    except BadCase as error:
        raise BadCase(f"case {name}: {error}") from error
