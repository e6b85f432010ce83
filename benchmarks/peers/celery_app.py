"""Celery: a task for each call, joined by a chain; late acknowledgement, automatic retries with backoff."""

from __future__ import annotations

import os

import requests
import work
from celery import Celery, chain
from web import app_of

celery = Celery("orders", broker=os.environ["BENCH_VALKEY"])
celery.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@celery.task(autoretry_for=(requests.RequestException,), retry_backoff=True, max_retries=8)
def call(step: str, order: dict) -> None:
    work.call(step, order)


app = app_of(lambda order: chain(*(call.si(step, order) for step in work.STEPS)).delay())
