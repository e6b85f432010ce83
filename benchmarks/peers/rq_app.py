"""Flask and RQ by hand: a job for each call, which enqueues the next; RQ tries again what raised."""

from __future__ import annotations

import os

import work
from redis import Redis
from rq import Queue, Retry
from web import app_of

queue = Queue("orders", connection=Redis.from_url(os.environ["BENCH_VALKEY"]))


def enqueue(step: str, order: dict) -> None:
    queue.enqueue(
        run, step, order, job_id=f"{order['id']}-{step}", retry=Retry(max=8, interval=[1, 2, 4, 8]), result_ttl=0
    )


def run(step: str, order: dict) -> None:
    work.call(step, order)
    following = work.STEPS[work.STEPS.index(step) + 1 :]
    if following:
        enqueue(following[0], order)


app = app_of(lambda order: enqueue("charge", order))
