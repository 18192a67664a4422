"""What one request may hold. Real senders bring 500 to 2,000 samples; these bounds only stop the absurd."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.errors import TooLarge


@dataclass(frozen=True, slots=True)
class RequestLimits:
    series_max: int = 500_000
    samples_max: int = 2_000_000
    metadata_max: int = 100_000
    exemplars_max: int = 50_000
    histograms_max: int = 100_000
    histogram_bytes_max: int = 16 << 20
    buckets_max: int = 1_000_000
    """Of all native histograms together: a bucket is a few bytes on the wire and seventy as Python numbers."""
    symbols_max: int = 1_000_000
    """Only 2.0 has symbols: every distinct label name, label value, help text and unit of a request."""

    def check_series(self, count: int) -> None:
        if count > self.series_max:
            raise _too_many("series", self.series_max)

    def check_samples(self, count: int) -> None:
        if count > self.samples_max:
            raise _too_many("samples", self.samples_max)

    def check_metadata(self, count: int) -> None:
        if count > self.metadata_max:
            raise _too_many("metadata entries", self.metadata_max)

    def check_exemplars(self, count: int) -> None:
        if count > self.exemplars_max:
            raise _too_many("exemplars", self.exemplars_max)

    def check_histograms(self, count: int) -> None:
        if count > self.histograms_max:
            raise _too_many("native histograms", self.histograms_max)

    def check_histogram_bytes(self, count: int) -> None:
        if count > self.histogram_bytes_max:
            raise _too_many("bytes of native histograms", self.histogram_bytes_max)

    def check_buckets(self, count: int) -> None:
        if count > self.buckets_max:
            raise _too_many("buckets of native histograms", self.buckets_max)

    def check_symbols(self, count: int) -> None:
        if count > self.symbols_max:
            raise _too_many("symbols", self.symbols_max)


def _too_many(what: str, most: int) -> TooLarge:
    return TooLarge(
        f"remote write: more than {most} {what} in one request",
        "lower max_samples_per_send in the sender's queue_config",
    )
