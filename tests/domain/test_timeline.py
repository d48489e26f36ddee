from datetime import date, datetime, time, timedelta

import pytest

from webinars import timeline
from webinars.errors import ValueRefused
from webinars.models import Event, MailName, Mode
from webinars.timeline import Rule
from webinars.zones import end_of, start_of, to_instant

PARIS = "Europe/Paris"
RABAT = "Africa/Casablanca"

REMINDER = MailName.REMINDER
PRACTICAL = MailName.PRACTICAL_INFORMATION
LINK = MailName.CONNECTION_LINK
THANKS = MailName.THANKS


def make(starts="2020-11-03T10:00", ends="2020-11-03T12:30", zone=PARIS, mode=Mode.ONLINE):
    """Make an event that is nowhere kept; a date alone where the hour is not known."""
    first, last = datetime.fromisoformat(starts), datetime.fromisoformat(ends)
    has_hours = "T" in starts
    return Event(
        starts_on=first.date(),
        starts_time=first.time() if has_hours else None,
        ends_on=last.date(),
        ends_time=last.time() if has_hours else None,
        starts_at=to_instant(first, zone) if has_hours else start_of(first.date(), zone),
        ends_at=to_instant(last, zone) if has_hours else end_of(last.date(), zone),
        timezone=zone,
        mode=mode,
    )


@pytest.mark.parametrize(
    ("rule", "event", "due"),
    [
        pytest.param("day 08:00", make(), "2020-11-03T07:00Z", id="that morning"),
        pytest.param("day-1 10:00", make(), "2020-11-02T09:00Z", id="the day before"),
        pytest.param("day+2 09:30", make(), "2020-11-05T08:30Z", id="two days later"),
        pytest.param("start-15m", make(), "2020-11-03T08:45Z", id="a quarter before"),
        pytest.param("end+1h", make(), "2020-11-03T12:30Z", id="an hour after"),
        pytest.param("start", make(), "2020-11-03T09:00Z", id="at the start"),
        pytest.param("2020-10-30T14:00", make(), "2020-10-30T13:00Z", id="a day and an hour"),
        pytest.param(
            "day 08:00",
            make("2026-12-01T09:00", "2026-12-01T18:00", RABAT),
            "2026-12-01T08:00Z",
            id="in the event's own zone: Rabat, at UTC since September 2026",
        ),
        pytest.param(
            "day-1 10:00",
            make("2020-10-25T15:00", "2020-10-25T17:00"),
            "2020-10-24T08:00Z",
            id="the clocks go back in the night between",
        ),
        pytest.param(
            "end+1d",
            make("2020-10-24T15:00", "2020-10-24T17:00"),
            "2020-10-25T15:00Z",
            id="24 hours, though the local day has 25",
        ),
        pytest.param(
            "2027-03-28T02:30",
            make("2027-04-06T10:00", "2027-04-06T12:00"),
            "2027-03-28T01:30Z",
            id="an hour that the spring skips: as if the clocks had not moved yet",
        ),
        pytest.param(
            "2026-10-25T02:30",
            make("2026-12-01T09:00", "2026-12-01T12:00"),
            "2026-10-25T00:30Z",
            id="an hour that the autumn repeats: the first",
        ),
        pytest.param(
            "day 08:00", make("2016-12-08", "2016-12-09"), "2016-12-08T07:00Z", id="no hours yet"
        ),
    ],
)
def test_a_rule_is_due_at_an_instant(rule, event, due):
    assert timeline.find_due(event, rule) == datetime.fromisoformat(due)


def test_at_once_is_no_instant():
    assert timeline.find_due(make(), timeline.AT_ONCE) is None


@pytest.mark.parametrize("rule", ["", "day", "day 8:00", "noon", "start-15", "2020-11-03"])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(ValueRefused):
        timeline.find_due(make(), rule)


@pytest.mark.parametrize(
    ("event", "rules"),
    [
        pytest.param(
            make(mode=Mode.ONLINE),
            {REMINDER: "day-1 10:00", LINK: "day 08:00", THANKS: "end+1h"},
            id="online",
        ),
        pytest.param(
            make(mode=Mode.ONSITE), {PRACTICAL: "day-1 10:00", THANKS: "end+1h"}, id="on site"
        ),
        pytest.param(
            make(mode=Mode.HYBRID),
            {
                REMINDER: "day-1 10:00",
                PRACTICAL: "day-1 10:00",
                LINK: "day 08:00",
                THANKS: "end+1h",
            },
            id="hybrid",
        ),
        pytest.param(
            make("2020-11-03T09:59"),
            {REMINDER: "day-1 10:00", LINK: "day-1 18:00", THANKS: "end+1h"},
            id="before ten: the link comes the evening before",
        ),
        pytest.param(
            make("2016-12-08", "2016-12-09"),
            {REMINDER: "day-1 10:00", LINK: "day 08:00", THANKS: "end+1h"},
            id="no hours yet",
        ),
    ],
)
def test_the_default_rules_go_by_how_and_when_an_event_takes_place(event, rules):
    assert {rule.template: rule.at for rule in timeline.list_default_rules(event)} == rules


@pytest.mark.parametrize(
    ("template", "ends"),
    [
        (MailName.CONFIRMATION, "2020-11-03T11:30Z"),
        (MailName.WAITING_LIST, "2020-11-03T09:00Z"),
        (MailName.REMINDER, "2020-11-03T09:00Z"),
        (MailName.PRACTICAL_INFORMATION, "2020-11-03T09:00Z"),
        (MailName.CONNECTION_LINK, "2020-11-03T11:30Z"),
        (MailName.THANKS, "2020-11-10T12:30Z"),
    ],
)
def test_each_mail_makes_sense_until_an_instant(template, ends):
    event = make()
    rules = [*timeline.list_default_rules(event), Rule(PRACTICAL, "day-1 10:00")]
    plans = {one.rule.template: one for one in timeline.plan(event, rules)}

    assert plans[template].expires_at == datetime.fromisoformat(ends)


def test_the_standing_mailings_are_always_planned_and_a_rule_said_twice_counts_once():
    rules = [Rule(REMINDER, "day-7 10:00"), Rule(REMINDER, "day-7 10:00")]

    assert [(one.rule.template, one.due_at is None) for one in timeline.plan(make(), rules)] == [
        (MailName.CONFIRMATION, True),
        (MailName.WAITING_LIST, True),
        (MailName.REMINDER, False),
    ]


@pytest.mark.parametrize(
    ("loaded", "rules"),
    [
        pytest.param(
            {"mailings": [{"template": "reminder", "at": "day-2 09:00"}]},
            [Rule(REMINDER, "day-2 09:00")],
            id="those of the file",
        ),
        pytest.param({"mailings": []}, [], id="a file that wants none"),
    ],
)
def test_the_file_names_the_mailings(loaded, rules):
    event = make()
    event.loaded = loaded

    assert timeline.list_rules(event) == rules


@pytest.mark.parametrize("loaded", [None, {}, {"mailings": None}])
def test_a_file_that_names_none_means_the_default_ones(loaded):
    event = make()
    event.loaded = loaded

    assert timeline.list_rules(event) == timeline.list_default_rules(event)


def test_the_evening_before_is_six_o_clock_in_the_events_zone():
    due = to_instant(datetime.combine(date(2026, 12, 1), time(8)), RABAT)

    assert timeline.find_evening_before(due, RABAT) == datetime.fromisoformat("2026-11-30T18:00Z")
    assert timeline.find_evening_before(due - timedelta(hours=14), RABAT) == (
        datetime.fromisoformat("2026-11-29T18:00Z")
    )
