"""For machines that watch: alive, ready, and figures. Gauges are read from the books when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from werkzeug.wrappers import Response as AnyResponse

from hub.assembly.desk import Desk
from hub.model.account import Scope
from hub.server.door import desk, scoped

probe = Blueprint("probe", __name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@probe.get("/healthz")
def healthz() -> AnyResponse:
    """The process answers. Says nothing about the store: a full disk is no reason to restart."""
    return jsonify({"status": "ok"})


@probe.get("/readyz")
def readyz() -> AnyResponse:
    """200 when deliveries can be kept and worked on; 503 with the faults in words otherwise."""
    faults = list(desk().faults())
    try:
        desk().views.counts(desk().now())
    except Exception as error:  # whatever the database says, the answer is: not ready
        faults.append(f"the store cannot be read ({type(error).__name__})")
    answer = jsonify({"status": "faulty" if faults else "ready", "faults": faults})
    answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE if faults else HTTPStatus.OK
    return answer


@probe.get("/metrics")
@scoped(Scope.METRICS)
def metrics() -> AnyResponse:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(desk()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE)


class _Figures:
    """Collected anew at each scrape."""

    def __init__(self, found: Desk) -> None:
        self._desk = found

    def collect(self) -> Iterator[Metric]:
        counts = self._desk.views.counts(self._desk.now())
        yield _gauge("crossdock_orders", "Orders, by state.", "state", dict(counts.orders))
        yield _gauge(
            "crossdock_steps", "Steps that are due some time or need a person, by state.", "state", dict(counts.steps)
        )
        yield _gauge("crossdock_attention", "Steps that need a person, by cause.", "cause", dict(counts.causes))
        yield _gauge(
            "crossdock_messages_held",
            "Messages that cannot be understood, by cause.",
            "cause",
            dict(counts.messages_held),
        )
        yield GaugeMetricFamily("crossdock_messages_due", "Messages kept and not yet translated.", counts.messages_due)
        yield GaugeMetricFamily(
            "crossdock_conflicts", "Other bodies under a known delivery id, not judged yet.", counts.conflicts
        )
        yield GaugeMetricFamily(
            "crossdock_oldest_due_seconds", "How long the oldest due work has waited.", counts.oldest_due_seconds
        )
        paused = {name: int(name in counts.paused) for name in {*self._desk.connections, *counts.paused}}
        yield _gauge("crossdock_connection_paused", "1 while a connection is paused.", "connection", paused)
        yield self._received()

    def _received(self) -> Metric:
        family = CounterMetricFamily(
            "crossdock_deliveries", "Deliveries at the front door, since the start.", labels=["connection", "outcome"]
        )
        for (connection, outcome), number in sorted(self._desk.received().items()):
            family.add_metric([connection, outcome], number)
        return family


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family
