"""Examines an installation: what is well, what will not be for long, what is wrong, and what to do about it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.assembly.build import connections_of, hang_up
from hub.assembly.examine_store import examine_store
from hub.assembly.finding import FAIL, NOTE, OK, WARN, Finding
from hub.assembly.hub import LEAST_FREE_BYTES, MEBIBYTE
from hub.assembly.install import Install, judge_secrets, survey
from hub.assembly.probe import Probe, probe_all
from hub.connector.connection import Connection
from hub.vault.keys import InstallKey, KeyFault
from hub.vault.store import Vault

SUNSET_WARNING = timedelta(days=90)
LARGEST_SKEW = timedelta(seconds=30)  # webhooks are refused at 300 s
SLOW_SYNC_SECONDS = 0.25
_BORN = datetime(2025, 1, 1, tzinfo=UTC)


def examine(folder: Path, *, online: bool = True, thorough: bool = False) -> Iterator[Finding]:
    """Every finding, as it is made. `online`: providers are asked (nothing is changed); `thorough`: the whole
    database is read.
    """
    install, problems = survey(folder)
    for problem in problems:
        yield Finding("configuration", FAIL, f"{problem.file}:{problem.line}: {problem.what}", problem.mend)
    if install is None:
        return
    if not problems:
        count = sum(map(len, (install.catalogue.connectors, install.catalogue.sources, install.catalogue.mappings)))
        says = (
            f"{len(install.config.connections)} connections, {count} declarations, {len(install.catalogue.flows)} flows"
        )
        yield Finding("configuration", OK, says)
    key = None
    try:
        key = InstallKey(install.home.key_file)
        yield Finding("install key", OK, "readable by its owner alone")
    except KeyFault as fault:
        yield Finding("install key", FAIL, str(fault), "restore it from your backup: without it no secret can be read")
    yield _clock()
    yield from _disk(install)
    yield from examine_store(install, key, thorough=thorough)
    if key is not None:
        yield from _connections(install, Vault(install.home.secrets_file, key), online=online)


def _clock() -> Finding:
    now = datetime.now(UTC)
    if now < _BORN:
        return Finding(
            "clock", FAIL, f"this machine believes it is {now:%Y-%m-%d}", "set the clock; run an NTP service"
        )
    return Finding("clock", OK, f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _disk(install: Install) -> Iterator[Finding]:
    folder = install.home.data
    if not folder.is_dir():
        yield Finding("disk", FAIL, f"there is no folder {folder}", "run crossdock init, or correct hub.data")
        return
    free = shutil.disk_usage(folder).free
    try:
        seconds = _sync_seconds(folder)
    except OSError as error:
        yield Finding(
            "disk", FAIL, f"{folder} cannot be written: {error.strerror}", "give this user the right to write"
        )
        return
    says = f"{free // MEBIBYTE} MiB free, a durable write takes {seconds * 1000:.0f} ms"
    if free < LEAST_FREE_BYTES:
        yield Finding("disk", FAIL, says, "make room: on a full disk every delivery is answered 503")
    elif free < 10 * LEAST_FREE_BYTES or seconds > SLOW_SYNC_SECONDS:
        yield Finding("disk", WARN, says, "make room, or use a faster disk, before it matters")
    else:
        yield Finding("disk", OK, says)


def _sync_seconds(folder: Path) -> float:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        began = time.monotonic()
        file.write(b"crossdock" * 512)
        file.flush()
        os.fsync(file.fileno())
        return time.monotonic() - began


def _connections(install: Install, vault: Vault, *, online: bool) -> Iterator[Finding]:
    wrong = judge_secrets(install, vault)
    for problem in wrong:
        yield Finding("secrets", FAIL, f"hub.yaml:{problem.line}: {problem.what}", problem.mend)
    made = {connection.account.name: connection for connection in connections_of(install, vault)}
    probes = probe_all(made.values()) if online else {}
    hang_up(made.values())
    for name in install.config.connections:
        found = made.get(name)
        if found is None:
            yield Finding(name, NOTE, "it only delivers webhooks")
            continue
        yield from _version(name, found, datetime.now(UTC).date())
        if name in probes:
            yield from tried(probes[name])


def _version(name: str, connection: Connection, today: date) -> Iterator[Finding]:
    api = connection.connector.manifest.api
    if api.sunset is None:
        return
    left = api.sunset - today
    says = f"its API version {api.version} ends on {api.sunset}"
    if left < timedelta(0):
        yield Finding(name, FAIL, f"its API version {api.version} ended on {api.sunset}", "upgrade Crossdock")
    elif left < SUNSET_WARNING:
        yield Finding(name, WARN, f"{says}, in {left.days} days", "upgrade Crossdock before then")


def tried(found: Probe) -> Iterator[Finding]:
    """What trying a connection out says, as findings."""
    name = found.connection
    if not found.tried:
        yield Finding(name, NOTE, "nothing can be asked of it without changing something")
        return
    refused, unanswered = found.refused, found.unanswered
    if refused is not None:
        mend = "check its secrets: crossdock connect asks for them again, crossdock secret set replaces one"
        yield Finding(name, FAIL, f"its credentials are refused ({refused.message or refused.code})", mend)
        return
    if unanswered is not None:
        mend = "see its status page, its address in hub.yaml, and your network"
        yield Finding(name, FAIL, f"it does not answer: {unanswered.message or unanswered.code}", mend)
        return
    yield Finding(name, OK, _greeting(found.account or {}))
    for capability in found.forbidden:
        yield Finding(name, FAIL, f"its credentials may not use {capability}", "widen their scopes at the provider")
    for scope, capabilities in found.lacking.items():
        says = f"its credentials lack the scope {scope}, which {', '.join(capabilities)} cannot do without"
        yield Finding(name, FAIL, says, "add it to the app at the provider and let the shop grant it anew")
    if found.skew is not None and abs(found.skew) > LARGEST_SKEW:
        way = "ahead of" if found.skew > timedelta(0) else "behind"
        says = f"this machine's clock is {abs(found.skew).total_seconds():.0f} s {way} the provider's"
        yield Finding("clock", WARN, f"{says} ({name})", "run an NTP service: webhooks are refused beyond 300 s")


def _greeting(account: Any) -> str:
    facts = [str(account[key]) for key in ("name", "currency", "timezone") if account.get(key)]
    scopes = account.get("scopes") or []
    if scopes:
        facts.append(f"scopes {', '.join(map(str, scopes))}")
    return f"answers: {', '.join(facts)}" if facts else "answers, and takes the credentials"
