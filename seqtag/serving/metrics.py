"""Prometheus metrics of a server."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The metrics of one application, in a registry of its own.

    Attributes:
        registry: The registry.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        own: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "seqtag_requests", "Requests by route and status.", ["route", "status"], **own
        )
        self._seconds = Histogram(
            "seqtag_request_seconds", "Time from request to answer.", ["route"], buckets=SECONDS, **own
        )
        self._batches = Histogram(
            "seqtag_batch_sentences",
            "Sentences that were answered together.",
            ["model"],
            buckets=SIZES,
            **own,
        )
        self._queue = Gauge("seqtag_queue_sentences", "Sentences waiting for a model.", ["model"], **own)
        self._sentences = Counter("seqtag_sentences", "Sentences answered.", ["model"], **own)
        self._tokens = Counter(
            "seqtag_tokens", "Tokens answered; for a transducer, characters.", ["model"], **own
        )
        self._loads = Counter(
            "seqtag_model_loads", "Attempts to load a changed folder.", ["model", "outcome"], **own
        )
        self.in_progress = Gauge("seqtag_requests_in_progress", "Requests in progress.", **own)
        self._children: dict[tuple[Any, ...], Any] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        counter, histogram = self._kept(
            (route, status),
            lambda: (self._requests.labels(route, status), self._seconds.labels(route)),
        )
        counter.inc()
        histogram.observe(seconds)

    def batches(self, model: str) -> Any:
        """What observes the sizes of a model's batches."""
        return self._batches.labels(model).observe

    def queue(self, model: str, count: Any) -> None:
        """Has the sentences that wait for a model counted by a function."""
        self._queue.labels(model).set_function(count)

    def answered(self, model: str, sentences: int, tokens: int) -> None:
        """Counts sentences that were answered."""
        of_sentences, of_tokens = self._kept(
            (model,), lambda: (self._sentences.labels(model), self._tokens.labels(model))
        )
        of_sentences.inc(sentences)
        of_tokens.inc(tokens)

    def loaded(self, model: str, outcome: str) -> None:
        """Counts a changed folder that was read: "ok" or "failed"."""
        self._loads.labels(model, outcome).inc()

    def _kept(self, key: tuple[Any, ...], make: Any) -> Any:
        """What `make` gives, made once: to look up a label takes as long as to count."""
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = make()
        return found
