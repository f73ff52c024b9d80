"""Counts and durations of a service, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Metrics of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("viceversa_requests", "Requests by path and status.", ("path", "status"), registry=self.registry)
        self.seconds = Histogram("viceversa_request_seconds", "Seconds that a request took.", ("path",), registry=self.registry)
        self.open = Gauge("viceversa_open_requests", "Requests that are not answered yet.", registry=self.registry)
        self.batches = Histogram(
            "viceversa_batch_images", "Images of a batch.", ("model",), buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry
        )
        self.batch_seconds = Histogram("viceversa_batch_seconds", "Seconds that a batch took.", ("model",), registry=self.registry)
        self.restarts = Counter("viceversa_worker_restarts", "Workers that were replaced.", registry=self.registry)
