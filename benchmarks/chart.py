"""Draws the results: for each system a bar of orders a second with providers that answer at once, and one with
providers that take 50 ms. `python -m benchmarks.chart RESULTS.json CHART.svg`"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from html import escape
from math import log10
from pathlib import Path
from typing import Any

from benchmarks.results import disturbed, figure

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 1000, 300, 280, 96, 46
_STYLE = """
    svg { --ground: #f7f6f2; --edge: #dcd9d0; --ink: #1c1a17; --soft: #6b675f; --mark: #d9480f; --pale: #f3b793;
          --other: #8a857b; --faint: #cfcac0;
          font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
    @media (prefers-color-scheme: dark) {
      svg { --ground: #171614; --edge: #38352f; --ink: #f1eee8; --soft: #a8a398; --mark: #ff8a4c; --pale: #8a5233;
            --other: #8f897d; --faint: #4d4942; }
    }
    .ground { fill: var(--ground); stroke: var(--edge); } .grid { stroke: var(--edge); }
    text { fill: var(--ink); font-size: 14px; } .soft { fill: var(--soft); font-size: 12px; }
    .title { font-size: 18px; font-weight: 600; } .end { text-anchor: end; } .middle { text-anchor: middle; }
    .fast { fill: var(--other); } .slow { fill: var(--faint); }
    .own .fast { fill: var(--mark); } .own .slow { fill: var(--pale); } .own text.name { font-weight: 600; }
"""


def drawn(results: Mapping[str, Any]) -> str:
    """The chart as SVG; the same results give the same text."""
    names = [name for name in results["systems"] if figure(results, name, "orders0", "orders_per_second") is not None]
    height = _TOP + _ROW * len(names) + 74
    rows = [_row(results, name, at) for at, name in enumerate(names)]
    body = [_frame(height, disturbed(results)), *_grid(height), *rows]
    title = '<title id="title">Orders a second, end to end</title>'
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">'
    return "\n".join([head, f"  {title}", f"  <style>{_STYLE}  </style>", *body, "</svg>", ""])


def _frame(height: int, note: str) -> str:
    work = "One order: a signed webhook kept before the 200, then four calls in order. Two cores. Logarithmic scale."
    legend = "Dark: providers answer at once. Pale: each call takes 50 ms. Right: CPU for an order, what a kill left."
    lines = [
        f'<rect class="ground" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>',
        '<text class="title" x="24" y="36">Orders a second, end to end</text>',
        f'<text class="soft" x="24" y="58">{work}</text>',
        f'<text class="soft" x="24" y="{height - 36}">{legend}</text>',
        f'<text class="soft" x="24" y="{height - 18}">{escape(note)}</text>',
    ]
    return "\n".join(f"  {line}" for line in lines)


def _x(value: float) -> float:
    """1 .. 1,000 orders a second, by magnitude."""
    part = min(max(log10(max(value, 1.0)) / 3, 0.0), 1.0)
    return round(_LEFT + part * (_WIDTH - _LEFT - _RIGHT), 1)


def _grid(height: int) -> list[str]:
    lines = []
    for value in (1, 10, 100, 1000):
        x = _x(value)
        lines.append(f'  <line class="grid" x1="{x}" y1="{_TOP - 10}" x2="{x}" y2="{height - 62}"/>')
        lines.append(f'  <text class="soft middle" x="{x}" y="{_TOP - 16}">{value:,}</text>')
    return lines


def _row(results: Mapping[str, Any], name: str, at: int) -> str:
    y = _TOP + at * _ROW
    lines = [f'  <g class="{"own" if name.startswith("crossdock") else "other"}">']
    title = results["titles"][name]
    lines.append(f'    <text class="name end" x="{_LEFT - 12}" y="{y + 21}">{escape(title)}</text>')
    for case, kind, top in (("orders0", "fast", y + 3), ("orders50", "slow", y + 18)):
        value = figure(results, name, case, "orders_per_second")
        if value is None:
            continue
        width = round(_x(value) - _LEFT, 1)
        lines.append(f'    <rect class="{kind}" x="{_LEFT}" y="{top}" width="{width}" height="13" rx="2"/>')
        lines.append(f'    <text class="soft" x="{_LEFT + width + 6}" y="{top + 11}">{value:,.0f}</text>')
    cpu, left = (figure(results, name, "orders0", what) for what in ("cpu_ms_per_order", "unfinished"))
    used = f"{left:.0f} orders did not end" if left else f"{cpu:.1f} ms CPU"
    lines.append(f'    <text class="soft" x="{_WIDTH - _RIGHT + 24}" y="{y + 14}">{used}</text>')
    lost, again, mail = (figure(results, name, "kill", what) for what in ("unfinished", "doubled", "doubled_mail"))
    if lost is not None and again is not None:
        told = f"{lost:.0f} unfinished, {again:.0f} calls doubled" + (f" ({mail:.0f} mail)" if mail else "")
        lines.append(f'    <text class="soft" x="{_WIDTH - _RIGHT + 24}" y="{y + 29}">{told}</text>')
    return "\n".join([*lines, "  </g>"])


def main() -> None:
    """Reads the one file and writes the other."""
    results, chart = (Path(word) for word in sys.argv[1:3])
    chart.write_text(drawn(json.loads(results.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
