"""Which measurement yields which keys, and in what order they are taken, so that data set A is loaded once."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from bench import pages, pipeline, pricing, product, reads, revenue_a
from bench.data_set_a import EVENTS, DataSetA
from bench.installation import Tenant, as_superuser, new_tenant, own_cluster
from bench.progress import say
from bench.targets import TARGETS
from bench.unmeasured import UnmeasuredError
from billing_core.store.embedded import ClusterUrls

Figures = dict[str, float]


@dataclass(frozen=True)
class Asked:
    """Which keys to measure, and on what part of data set A."""

    keys: frozenset[str]
    scale: float

    @classmethod
    def read(cls, only: str, scale: str) -> "Asked":
        """Read the two variables as a person types them; raises ValueError with a sentence."""
        keys = frozenset(filter(None, (key.strip() for key in only.split(",")))) or frozenset(TARGETS)
        unknown = sorted(keys - TARGETS.keys())
        if unknown:
            raise ValueError(f"ONLY names {', '.join(unknown)}, which nothing measures: use {', '.join(TARGETS)}.")
        try:
            part = float(scale or 1)
        except ValueError:
            part = 0.0
        if not 0.001 <= part <= 1:
            raise ValueError(f"SCALE is {scale!r}: give a number from 0.001 to 1, the part of data set A to use.")
        return cls(keys, part)


@dataclass
class Bench:
    """One run: what was made for it so far is kept for the next measurement, and removed at the end."""

    asked: Asked
    cleanup: ExitStack
    notes: dict[str, object] = field(default_factory=dict)

    @cached_property
    def data(self) -> DataSetA:
        """Data set A, or the asked part of it spread over the same year."""
        return DataSetA(round(EVENTS * self.asked.scale), with_blocks=True)

    @cached_property
    def cluster(self) -> ClusterUrls:
        """A cluster of our own."""
        return self.cleanup.enter_context(own_cluster())

    @cached_property
    def books(self) -> Tenant:
        """The tenant with data set A and its revenue in its books."""
        tenant = self.cleanup.enter_context(new_tenant(self.cluster, "data_set_a"))
        say(f"loading data set A: {self.data.events:,} events with their usage blocks")
        seconds = pipeline.load(tenant, self.data)
        booked = revenue_a.book(tenant)
        as_superuser(tenant.urls, "vacuum (analyze)")
        self.notes["data_set_a"] = {
            "events": self.data.events,
            "bookings": booked,
            "load_s": round(seconds, 1),
            "load_events_per_s": round(self.data.events / seconds),
        }
        return tenant


def _pipeline(bench: Bench) -> Figures:
    with new_tenant(bench.cluster, "rounds") as tenant:
        rounds = pipeline.measure_rounds(tenant, bench.asked.scale)
    bench.notes["pipeline"] = {
        "events_per_round": rounds.events,
        "rounds": len(rounds.pipeline_s),
        "copy_events_per_s": round(rounds.copy_events_per_second),
    }
    return {
        "pipeline_vs_copy": round(rounds.against_copy, 3),
        "pipeline_events_per_s": round(rounds.events_per_second),
    }


def _pricing_speed(bench: Bench) -> Figures:
    return {"pricing_events_per_s": round(pricing.events_per_second(pricing.sample(bench.data)))}


def _pricing_differences(bench: Bench) -> Figures:
    batches = pricing.sample(bench.data)
    bench.notes["pricing"] = {"compared_events": sum(map(len, batches))}
    return {"pricing_differences": pricing.differences(batches)}


def _tenant_month(bench: Bench) -> Figures:
    milliseconds = reads.tenant_month_ms(bench.books)
    return {
        "margin_tenant_month_ms": round(median(milliseconds), 2),
        "margin_tenant_month_p95_ms": round(reads.p95(milliseconds), 2),
    }


def _customer_month(bench: Bench) -> Figures:
    return {"margin_customer_month_ms": round(median(reads.customer_month_ms(bench.books)), 2)}


def _all_months(bench: Bench) -> Figures:
    return {"margin_all_12_months_ms": round(median(reads.all_months_ms(bench.books)), 1)}


def _pages(bench: Bench) -> Figures:
    return {key: round(median(times)) for key, times in pages.times_ms(bench.books).items()}


def _idle_memory(_bench: Bench) -> Figures:
    return {"rss_idle_mb": round(product.idle_megabytes())}


def _first_page(_bench: Bench) -> Figures:
    return {"first_page_s": round(product.first_page_seconds(), 1)}


# The quiet ones first: what fills the disk's caches comes after what must not feel it.
MEASUREMENTS: tuple[tuple[Callable[[Bench], Figures], tuple[str, ...]], ...] = (
    (_pricing_speed, ("pricing_events_per_s",)),
    (_pricing_differences, ("pricing_differences",)),
    (_idle_memory, ("rss_idle_mb",)),
    (_pipeline, ("pipeline_vs_copy", "pipeline_events_per_s")),
    (_tenant_month, ("margin_tenant_month_ms", "margin_tenant_month_p95_ms")),
    (_customer_month, ("margin_customer_month_ms",)),
    (_all_months, ("margin_all_12_months_ms",)),
    (_pages, ("page_overview_ms", "page_customers_ms")),
    (_first_page, ("first_page_s",)),
)


def run(asked: Asked) -> tuple[dict[str, float | None], dict[str, object]]:
    """Measure what is asked; return the figures, None where it could not be measured, and notes that say why."""
    figures: dict[str, float | None] = dict.fromkeys(key for key in TARGETS if key in asked.keys)
    with ExitStack() as cleanup:
        bench = Bench(asked, cleanup)
        for measure, keys in MEASUREMENTS:
            wanted = [key for key in keys if key in asked.keys]
            if wanted:
                say(f"measuring {', '.join(wanted)}")
                figures.update(_taken(bench, measure, wanted))
    return figures, bench.notes


def _taken(bench: Bench, measure: Callable[[Bench], Figures], wanted: Iterable[str]) -> dict[str, float | None]:
    try:
        measured = measure(bench)
    except UnmeasuredError as why:
        say(str(why))
        bench.notes.update(dict.fromkeys(wanted, str(why)))
        return dict.fromkeys(wanted)
    return {key: measured[key] for key in wanted}
