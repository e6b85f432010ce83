"""What a command says when it cannot do its work, and the code it ends with: 1 the answer is no, 2 something is to
be mended."""

from __future__ import annotations

import click

from hub.assembly.fault import Fault, fault_of
from hub.cli import say


def explain(error: Exception, *, as_json: bool) -> int | None:
    """Says what is wrong, on stderr (as JSON where that was asked for). None for a defect: that is told whole."""
    fault = fault_of(error)
    if fault is None:
        return None
    if as_json:
        say.json_out({"error": fault.code, "what": fault.what, "problems": fault.problems})
    elif fault.problems:
        say.problems(fault.problems)
        click.echo(say.count(len(fault.problems), "problem"), err=True)
    else:
        _sentence(fault)
    return fault.exit_code


def _sentence(fault: Fault) -> None:
    click.echo(f"crossdock: {fault.what}", err=True)
