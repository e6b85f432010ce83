"""DBOS: a workflow with a step for each call; both are kept in its system database, and recovered at the start."""

from __future__ import annotations

import os

import work
from dbos import DBOS, SetWorkflowID
from web import app_of

DBOS(config={"name": "orders", "system_database_url": os.environ["BENCH_DATABASE"], "run_admin_server": False})


@DBOS.step(retries_allowed=True, max_attempts=8, interval_seconds=1.0)
def call(step: str, order: dict) -> str:
    return work.call(step, order)


@DBOS.workflow()
def fulfil(order: dict) -> None:
    for step in work.STEPS:
        call(step, order)


def enqueue(order: dict) -> None:
    with SetWorkflowID(order["id"]):
        DBOS.start_workflow(fulfil, order)


DBOS.launch()
app = app_of(enqueue)
