"""What a server does becomes numbers that Prometheus reads; no text is among them."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = tuple(2.0**power for power in range(4, 15))


class Meters:
    """Counters of one server."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # times that nobody asks for
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "textune_requests", "Requests that were answered.", ["route", "code"], registry=registry
        )
        self.seconds = Histogram(
            "textune_request_seconds",
            "Seconds from a request's headers to its answer.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.texts = Counter("textune_texts", "Texts answered.", ["model"], registry=registry)
        self.tokens = Counter("textune_tokens", "Tokens of them.", ["model"], registry=registry)
        self.queue = Gauge("textune_queue_texts", "Texts that wait.", registry=registry)
        self.waited = Histogram(
            "textune_queue_seconds",
            "Seconds that requests waited for the model.",
            buckets=SECONDS,
            registry=registry,
        )
        self.batch_tokens = Histogram(
            "textune_batch_tokens", "Tokens of a batch.", buckets=SIZES, registry=registry
        )
        self.batch_texts = Histogram(
            "textune_batch_texts", "Texts of a batch.", buckets=SIZES, registry=registry
        )
        self.batch_seconds = Histogram(
            "textune_batch_seconds", "Seconds of a batch.", buckets=SECONDS, registry=registry
        )
        ProcessCollector(registry=registry)

    def written(self) -> bytes:
        """Write all of them in Prometheus's text format."""
        return generate_latest(self._registry)
