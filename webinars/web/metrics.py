"""What is measured, in the words of Prometheus: one family a measure, labels from closed lists.

Computed from the database when it is asked for, because several processes serve pages and none of
them sends mail. No label ever holds a person, an event, or a domain that the settings do not name.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import product

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from webinars import letters
from webinars.measures import TIME, WAITS, Measures
from webinars.models import DeliveryState, Failure, Lane, MailingState, SuppressionReason
from webinars.pacing import RelayState

COUNTED = tuple(
    state
    for state in DeliveryState
    if state not in {DeliveryState.ACCEPTED, DeliveryState.DELIVERED}
)
Sample = tuple[tuple[str, ...], float]
"""The values of the labels, and the number."""


def write(measures: Measures, named: Mapping[str, float], accept: str) -> tuple[bytes, str]:
    """Return the measures as text, and its content type.

    :param named: the limits of the settings: others are only counted.
    :param accept: what the client says that it reads.
    """
    registry = CollectorRegistry()
    registry.register(_Families(measures, named))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Families(Collector):
    """The families of one look."""

    def __init__(self, measures: Measures, named: Mapping[str, float]) -> None:
        self.measures = measures
        self.named = named

    def describe(self) -> Iterable[Metric]:
        """Describe nothing: nothing else is on the registry that could have the same name."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return every family."""
        yield from _say_queue(self.measures)
        yield from _say_results(self.measures)
        yield from _say_mailings(self.measures)
        yield from _say_pace(self.measures, self.named)


def _say_queue(of: Measures) -> Iterator[Metric]:
    found = {(one.lane, one.waits_for): one for one in of.waiting}
    yield _gauge(
        "webinars_oldest_waiting_seconds",
        "For how long the oldest mail that is due has waited, by what it waits for.",
        ("lane", "waits_for"),
        (
            (key, _seconds(of.at - found[key].due_at) if key in found else 0)
            for key in product(Lane, WAITS)
            if key[1] != TIME
        ),
    )
    yield _gauge(
        "webinars_deliveries_waiting",
        "Mails that wait, by what they wait for.",
        ("lane", "waits_for"),
        ((key, found[key].number if key in found else 0) for key in product(Lane, WAITS)),
    )


def _say_results(of: Measures) -> Iterator[Metric]:
    counted: Counter[tuple[str, ...]] = Counter()
    failed: Counter[tuple[str, ...]] = Counter()
    for waiting in of.waiting:
        counted[waiting.lane, DeliveryState.PENDING] += waiting.number
    for sending in of.sending:
        counted[sending.lane, DeliveryState.SENDING] += sending.number
    for one in of.untaken:
        counted[one.lane, one.state] += one.number
        if one.failure is not None:
            failed[(one.failure,)] += one.number
    yield _gauge(
        "webinars_deliveries",
        "Mails by state, but for those that a relay has taken.",
        ("lane", "state"),
        ((key, counted[key]) for key in product(Lane, COUNTED)),
    )
    yield _gauge("webinars_deliveries_taken", "Mails that a relay has taken.", (), [((), of.taken)])
    yield _gauge(
        "webinars_deliveries_refused",
        "Mails that were refused or came back, by what that was about.",
        ("failure",),
        (((failure,), failed[(failure,)]) for failure in Failure),
    )
    yield _gauge(
        "webinars_deliveries_maybe_twice",
        "Mails that may have left twice.",
        ("lane",),
        (((lane,), of.maybe_twice.get(lane, 0)) for lane in Lane),
    )
    given_up = {one.lane: one.given_up for one in of.sending}
    yield _gauge(
        "webinars_leases_expired",
        "Mails in the hands of workers that have not been heard of for too long.",
        ("lane",),
        (((lane,), given_up.get(lane, 0)) for lane in Lane),
    )
    yield _gauge(
        "webinars_letters_compared",
        "Letters that the worker beside these pages wrote twice, to compare.",
        (),
        [((), letters.TALLY.checked)],
    )
    yield _gauge(
        "webinars_letters_different",
        "Of those, the ones that were not the same.",
        (),
        [((), letters.TALLY.different)],
    )
    yield _gauge(
        "webinars_suppressions",
        "Addresses that are not written to, and why.",
        ("reason",),
        (((reason,), of.suppressions.get(reason, 0)) for reason in SuppressionReason),
    )


def _say_mailings(of: Measures) -> Iterator[Metric]:
    yield _gauge(
        "webinars_mailings",
        "Mailings of all events.",
        ("state",),
        (((state,), of.mailings.get(state, 0)) for state in MailingState),
    )
    yield _gauge(
        "webinars_mailings_too_late",
        "Mailings that were dropped because their time was over before they had begun.",
        (),
        [((), of.too_late)],
    )
    yield _gauge(
        "webinars_timer_late_seconds",
        "For how long the timer has left undone what it does each second.",
        (),
        [((), _seconds(of.timer_late))],
    )


def _say_pace(of: Measures, named: Mapping[str, float]) -> Iterator[Metric]:
    yield _gauge(
        "webinars_relay_resting",
        "Whether a relay is left in peace (1), because it took nothing.",
        ("relay",),
        (((one.relay,), float(one.state is RelayState.RESTS)) for one in of.relays),
    )
    yield _gauge(
        "webinars_relay_failures",
        "How often in a row a relay took nothing.",
        ("relay",),
        (((one.relay,), one.failures) for one in of.relays),
    )
    known = [one for one in of.rates if one.key in named]
    yield _gauge(
        "webinars_rate_per_minute",
        "How many mails a minute a relay or a domain of the settings is sent at most at present.",
        ("key",),
        (((one.key,), one.per_minute) for one in known),
    )
    yield _gauge(
        "webinars_domains_slowed",
        "Domains that are sent less because they asked for it.",
        (),
        [((), sum(one.slowed_at is not None for one in of.rates))],
    )


def _gauge(name: str, meaning: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for values, number in samples:
        family.add_metric([str(value) for value in values], number)
    return family


def _seconds(time: timedelta) -> float:
    return max(0.0, time.total_seconds())
