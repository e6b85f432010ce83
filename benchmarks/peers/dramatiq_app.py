"""Dramatiq: an actor for the calls, joined by a pipeline; its retries with backoff are on by default."""

from __future__ import annotations

import os

import dramatiq
import work
from dramatiq.brokers.redis import RedisBroker
from web import app_of

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_VALKEY"]))


@dramatiq.actor(max_retries=8, min_backoff=1000)
def call(step: str, order: dict) -> None:
    work.call(step, order)


def enqueue(order: dict) -> None:
    messages = [call.message_with_options(args=(step, order), pipe_ignore=True) for step in work.STEPS]
    dramatiq.pipeline(messages).run()


app = app_of(enqueue)
