"""What was measured: medians of several rounds, and the table people read."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.systems.every import SYSTEMS

Measured = dict[str, dict[str, dict[str, Any]]]  # system -> case -> figures
ACK_BOUND, ORDER_BOUND = "bare", "undurable"
_QUIET = 0.1
_HEAD = (
    "System", "acks/s (p50, p99 ms)", "x bound", "orders/s, 0 ms", "x bound", "orders/s, 50 ms",
    "CPU ms/order", "x bound", "MB", "after the kill: unfinished / doubled calls (of these mail)",
)  # fmt: skip


def joined(rounds: Sequence[Measured], before: Measured) -> dict[str, Any]:
    """The medians of all rounds, with the machine they were measured on; `before`: what was not measured this time."""
    systems: Measured = {}
    for name in SYSTEMS:
        known = before.get(name, {})
        for case in sorted({case for measured in (*rounds, before) for case in measured.get(name, {})}):
            found = [measured[name][case] for measured in rounds if case in measured.get(name, {})]
            systems.setdefault(name, {})[case] = _middle(found) if found else known[case]
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    titles = {name: SYSTEMS[name].title for name in systems}
    return {"machine": machine, "titles": titles, "systems": systems}


def _middle(found: Sequence[Any]) -> Any:
    first = found[0]
    if isinstance(first, Mapping):
        return {name: _middle([one[name] for one in found if name in one]) for name in first}
    if isinstance(first, list):
        return first
    middle = median(found)
    return round(middle, 3) if isinstance(middle, float) else middle


def figure(results: Mapping[str, Any], system: str, case: str, name: str) -> float | None:
    """One number, None where that was not measured."""
    found = results["systems"].get(system, {}).get(case, {}).get(name)
    return None if found is None else float(found)


def ratio(results: Mapping[str, Any], system: str, case: str, name: str, bound: str) -> float | None:
    """The same as a part of the bound's."""
    own, most = figure(results, system, case, name), figure(results, bound, case, name)
    return own / most if own is not None and most else None


def table(results: Mapping[str, Any]) -> str:
    """Everything, as Markdown; and what else the machine did meanwhile."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(results, name) for name in results["systems"])]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows) + f"\n{disturbed(results)}\n"


def disturbed(results: Mapping[str, Any]) -> str:
    """What else the machine did meanwhile, in a sentence."""
    found = [case["foreign"] for cases in results["systems"].values() for case in cases.values() if "foreign" in case]
    if not found:
        return ""
    told = f"Other programs took {median(found):.0%} of the machine's CPU meanwhile ({max(found):.0%} at worst)"
    return told + (": CPU by the order says more than rates." if median(found) > _QUIET else ".")


def _row(results: Mapping[str, Any], name: str) -> tuple[str, ...]:
    def told(case: str, what: str, form: str = "{:,.0f}") -> str:
        found = figure(results, name, case, what)
        return "" if found is None else form.format(found)

    acks = told("acks", "acks_per_second")
    waits = f" ({told('acks', 'p50_ms')}, {told('acks', 'p99_ms')})" if acks else ""
    lost, again, mail = (told("kill", what) for what in ("unfinished", "doubled", "doubled_mail"))
    cpu = told("orders0", "cpu_ms_per_order", "{:.1f}") or told("acks", "cpu_ms_per_ack", "{:.2f}")
    cpu += _shares(results["systems"][name].get("orders0", {}).get("cpu_ms", {}))
    part = ratio(results, name, "orders0", "cpu_ms_per_order", ORDER_BOUND)
    if figure(results, name, "orders0", "unfinished"):
        cpu, part = "did not end", None  # what was spent is then no order's
    return (
        results["titles"][name],
        acks + waits,
        _part(ratio(results, name, "acks", "acks_per_second", ACK_BOUND)),
        told("orders0", "orders_per_second"),
        _part(ratio(results, name, "orders0", "orders_per_second", ORDER_BOUND)),
        told("orders50", "orders_per_second"),
        cpu,
        _part(part),
        _memory(results["systems"][name]),
        f"{lost} / {again} ({mail})" if lost else "",
    )


def _part(found: float | None) -> str:
    return "" if found is None else f"{found:.3f}" if found < 0.1 else f"{found:.2f}" if found < 10 else f"{found:.0f}"


def _shares(cpu: Mapping[str, float]) -> str:
    """What of the sum is the services'."""
    others = [f"{name} {spent:.1f}" for name, spent in cpu.items() if name != "app"]
    return f" ({', '.join(others)})" if others else ""


def _memory(cases: Mapping[str, Mapping[str, Any]]) -> str:
    memory = (cases.get("orders50") or cases.get("orders0") or cases.get("acks") or {}).get("memory_mb")
    return f"{sum(memory.values()):.0f}" if memory else ""
