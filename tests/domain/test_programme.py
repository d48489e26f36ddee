"""Days, slots and the shown programme."""

from datetime import date

import pytest

from tests.domain.pure import (
    ANNOUNCED,
    PARIS,
    RABAT,
    draw_assises,
    draw_event,
    draw_session,
)
from webinars import programme, zones
from webinars.errors import SessionsClash, UnknownSession
from webinars.models import HalfDay


def local(instant, zone=PARIS):
    return f"{zones.to_local(instant, zone):%Y-%m-%dT%H:%M}"


def tell(days, zone=PARIS):
    """Return days as `(ordinal, from, to, known, codes)`."""
    return [
        (
            day.ordinal,
            local(day.starts_at, zone),
            local(day.ends_at, zone),
            day.hours_known,
            " ".join(session.code for session in day.sessions),
        )
        for day in days
    ]


WEBINAR = [
    draw_session("accueil", "2020-05-19", "15:00", "15:45"),
    draw_session("questions", "2020-05-19", "17:00", "17:30"),
    draw_session("outils", "2020-05-19", "15:45", "17:00"),
]

DAYS = {
    "a webinar without sessions": (
        draw_event(),
        [(1, "2020-05-19T15:00", "2020-05-19T17:30", True, "")],
    ),
    "a webinar with its sessions, put in order": (
        draw_event(sessions=WEBINAR),
        [(1, "2020-05-19T15:00", "2020-05-19T17:30", True, "accueil outils questions")],
    ),
    "the event's hours hold where sessions begin later": (
        draw_event(sessions=[draw_session("table", "2020-05-19", "15:30", "17:00")]),
        [(1, "2020-05-19T15:00", "2020-05-19T17:30", True, "table")],
    ),
    "no hours at all": (
        draw_event("2020-12-02", "2020-12-02"),
        [(1, "2020-12-02T00:00", "2020-12-03T00:00", False, "")],
    ),
    "hours from the sessions alone": (
        draw_event(
            "2020-12-02", "2020-12-02", [draw_session("signature", "2020-12-02", "11:00", "12:00")]
        ),
        [(1, "2020-12-02T11:00", "2020-12-02T12:00", True, "signature")],
    ),
    "only the start is known": (
        draw_event("2016-02-17T09:30", "2016-02-17"),
        [(1, "2016-02-17T09:30", "2016-02-18T00:00", False, "")],
    ),
    "two days with hours and without sessions": (
        draw_event("2026-12-01T09:00", "2026-12-02T17:00"),
        [
            (1, "2026-12-01T09:00", "2026-12-02T00:00", False, ""),
            (2, "2026-12-02T00:00", "2026-12-02T17:00", False, ""),
        ],
    ),
    "two days with sessions": (
        draw_event(
            "2026-12-01T09:00",
            "2026-12-02T17:00",
            [
                draw_session("a", "2026-12-01", "09:00", "12:00"),
                draw_session("b", "2026-12-01", "14:00", "18:00"),
                draw_session("c", "2026-12-02", "08:30", "17:00"),
            ],
        ),
        [
            (1, "2026-12-01T09:00", "2026-12-01T18:00", True, "a b"),
            (2, "2026-12-02T08:30", "2026-12-02T17:00", True, "c"),
        ],
    ),
    "a day between that has no session yet": (
        draw_event(
            "2026-12-01",
            "2026-12-03",
            [
                draw_session("a", "2026-12-01", "09:00", "12:00"),
                draw_session("c", "2026-12-03", "09:00", "12:00"),
            ],
        ),
        [
            (1, "2026-12-01T09:00", "2026-12-01T12:00", True, "a"),
            (2, "2026-12-02T00:00", "2026-12-03T00:00", False, ""),
            (3, "2026-12-03T09:00", "2026-12-03T12:00", True, "c"),
        ],
    ),
    "one session without an hour leaves the end open": (
        draw_event(
            "2026-12-01",
            "2026-12-01",
            [
                draw_session("a", "2026-12-01", "09:00", "12:00"),
                draw_session("b", "2026-12-01", half_day=HalfDay.AFTERNOON),
            ],
        ),
        [(1, "2026-12-01T00:00", "2026-12-02T00:00", False, "a b")],
    ),
    "an evening that ends after midnight is one day": (
        draw_event("2020-05-19T22:00", "2020-05-20T01:00"),
        [(1, "2020-05-19T22:00", "2020-05-20T01:00", True, "")],
    ),
    "midnight ends the day before": (
        draw_event("2020-05-19T20:00", "2020-05-20T00:00"),
        [(1, "2020-05-19T20:00", "2020-05-20T00:00", True, "")],
    ),
    "a night with a session of its own is a day": (
        draw_event(
            "2020-05-19T22:00",
            "2020-05-20T01:00",
            [
                draw_session("a", "2020-05-19", "22:00", "23:30"),
                draw_session("b", "2020-05-20", "00:15", "01:00"),
            ],
        ),
        [
            (1, "2020-05-19T22:00", "2020-05-19T23:30", True, "a"),
            (2, "2020-05-20T00:15", "2020-05-20T01:00", True, "b"),
        ],
    ),
    "the day of a clock change has its own length": (
        draw_event("2027-03-28", "2027-03-28"),
        [(1, "2027-03-28T00:00", "2027-03-29T00:00", False, "")],
    ),
}


@pytest.mark.parametrize(("event", "expected"), DAYS.values(), ids=DAYS)
def test_an_event_has_its_local_days(event, expected):
    assert tell(programme.days(event)) == expected


def test_the_assises_have_two_days_in_moroccan_time():
    days = programme.days(draw_assises())

    assert [(day.ordinal, day.date, day.hours_known) for day in days] == [
        (1, date(2016, 5, 3), False),
        (2, date(2016, 5, 4), False),
    ]
    assert local(days[0].starts_at, RABAT) == "2016-05-03T00:00"
    assert local(days[1].ends_at, RABAT) == "2016-05-05T00:00"


def test_a_person_sees_the_sessions_for_everyone_and_those_chosen():
    days = programme.days_attended(draw_assises(), ["atelier-2", "atelier-4"])

    assert [[session.code for session in day.sessions] for day in days] == [
        ["ouverture", "pleniere", "atelier-2", "tables-rondes-1"],
        ["atelier-4", "cloture"],
    ]


CHOICE_ONLY = [
    draw_session("matin-a", "2026-12-01", "09:00", "12:00", slot="matin"),
    draw_session("matin-b", "2026-12-01", "09:00", "12:00", slot="matin"),
    draw_session("soir-a", "2026-12-01", "14:00", "17:00", slot="soir"),
    draw_session("soir-b", "2026-12-01", "14:00", "17:00", slot="soir"),
    draw_session("lendemain-a", "2026-12-02", "10:00", "12:00", slot="lendemain"),
    draw_session("lendemain-b", "2026-12-02", "10:00", "12:00", slot="lendemain"),
]
TWO_DAYS_OF_CHOICE = draw_event("2026-12-01T08:30", "2026-12-02T12:30", CHOICE_ONLY)

ATTENDED = {
    "the afternoon only begins in the afternoon": (
        ["soir-b"],
        [(1, "2026-12-01T14:00", "2026-12-01T17:00", True, "soir-b")],
    ),
    "the morning begins when the event does": (
        ["matin-a"],
        [(1, "2026-12-01T08:30", "2026-12-01T12:00", True, "matin-a")],
    ),
    "the second day keeps its number": (
        ["lendemain-a"],
        [(2, "2026-12-02T10:00", "2026-12-02T12:30", True, "lendemain-a")],
    ),
    "both days": (
        ["matin-a", "soir-a", "lendemain-b"],
        [
            (1, "2026-12-01T08:30", "2026-12-01T17:00", True, "matin-a soir-a"),
            (2, "2026-12-02T10:00", "2026-12-02T12:30", True, "lendemain-b"),
        ],
    ),
    "who chose nothing is expected every day": (
        [],
        [
            (1, "2026-12-01T08:30", "2026-12-01T17:00", True, ""),
            (2, "2026-12-02T10:00", "2026-12-02T12:30", True, ""),
        ],
    ),
}


@pytest.mark.parametrize(("chosen", "expected"), ATTENDED.values(), ids=ATTENDED)
def test_the_days_attended_follow_from_the_choice(chosen, expected):
    assert tell(programme.days_attended(TWO_DAYS_OF_CHOICE, chosen)) == expected


def test_who_attends_the_morning_only_leaves_before_the_end():
    event = draw_event(
        "2026-12-01T08:30",
        "2026-12-01T17:30",
        [
            draw_session("matin", "2026-12-01", "09:00", "12:00", capacity=40),
            draw_session("soir", "2026-12-01", "14:00", "17:00", capacity=40),
        ],
    )

    assert tell(programme.days_attended(event, ["matin"])) == [
        (1, "2026-12-01T08:30", "2026-12-01T12:00", True, "matin")
    ]


def test_a_day_whose_programme_is_still_to_come_is_attended():
    event = draw_event(
        "2026-12-01",
        "2026-12-02",
        [draw_session("ouverture", "2026-12-01", "09:00", "12:00")],
    )

    assert tell(programme.days_attended(event, [])) == [
        (1, "2026-12-01T09:00", "2026-12-01T12:00", True, "ouverture"),
        (2, "2026-12-02T00:00", "2026-12-03T00:00", False, ""),
    ]


def test_a_form_offers_parallel_sessions_and_those_with_a_capacity():
    slots = programme.slots(draw_assises())

    assert [(slot.key, [session.code for session in slot.sessions]) for slot in slots] == [
        ("j1-apres-midi", ["atelier-1", "atelier-2"]),
        ("j2-matin", ["atelier-3", "atelier-4", "atelier-5"]),
        ("rencontres", ["rencontres"]),
    ]


def test_a_slot_with_one_session_is_for_everyone():
    event = draw_event(
        sessions=[draw_session("seul", "2020-05-19", "15:00", "17:30", slot="apres-midi")]
    )

    assert programme.slots(event) == []
    assert [session.code for session in programme.sessions_attended(event, [])] == ["seul"]


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param([], id="nothing"),
        pytest.param(["atelier-1"], id="one"),
        pytest.param(["atelier-1", "atelier-4", "rencontres"], id="one a slot"),
        pytest.param(["atelier-1", "atelier-1"], id="the same twice"),
    ],
)
def test_a_choice_of_one_a_slot_is_taken(codes):
    programme.check_choice(draw_assises(), codes)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("atelier-9", id="no such session"),
        pytest.param("ouverture", id="for everyone"),
        pytest.param("", id="empty"),
        pytest.param("\x00", id="no code at all"),
    ],
)
def test_a_session_that_cannot_be_chosen_is_refused(code):
    with pytest.raises(UnknownSession) as refusal:
        programme.check_choice(draw_assises(), ["atelier-1", code])

    assert refusal.value.code == code


def test_two_sessions_of_a_slot_are_refused():
    with pytest.raises(SessionsClash) as refusal:
        programme.check_choice(draw_assises(), ["atelier-3", "atelier-1", "atelier-5"])

    assert refusal.value.slot == "j2-matin"


def lay_out(event, chosen=None):
    """Return the outline as lists: days, half-days, lines."""
    return [
        [
            (part.half_day, [" | ".join(s.code for s in row.sessions) for row in part.rows])
            for part in day.parts
        ]
        for day in programme.outline(event, chosen)
    ]


def test_half_days_are_shown_with_parallel_sessions_side_by_side():
    assert lay_out(draw_assises()) == [
        [
            (HalfDay.MORNING, ["ouverture", "pleniere"]),
            (HalfDay.AFTERNOON, ["atelier-1 | atelier-2", "tables-rondes-1"]),
        ],
        [
            (HalfDay.MORNING, ["atelier-3 | atelier-4 | atelier-5"]),
            (HalfDay.AFTERNOON, ["rencontres", "cloture"]),
        ],
    ]


def test_hours_are_shown_in_order_with_equal_ones_side_by_side():
    event = draw_event(
        sessions=[
            draw_session("fin", "2020-05-19", "17:00", "17:30"),
            draw_session("table-a", "2020-05-19", "15:45", "17:00"),
            draw_session("debut", "2020-05-19", "15:00", "15:45"),
            draw_session("table-b", "2020-05-19", "15:45", "17:00"),
        ]
    )

    assert lay_out(event) == [[(None, ["debut", "table-a | table-b", "fin"])]]
    rows = programme.outline(event)[0].parts[0].rows
    assert [local(row.starts_at) for row in rows] == [
        "2020-05-19T15:00",
        "2020-05-19T15:45",
        "2020-05-19T17:00",
    ]


def test_hours_take_their_half_day_where_others_have_nothing_else():
    event = draw_event(
        "2026-12-01",
        "2026-12-01",
        [
            draw_session("cloture", "2026-12-01", "18:30", "19:00"),
            draw_session("ateliers", "2026-12-01", half_day=HalfDay.AFTERNOON),
            draw_session("ouverture", "2026-12-01", "09:00", "12:00"),
            draw_session("dejeuner", "2026-12-01", "12:30", "14:00"),
            draw_session("a-preciser", "2026-12-01"),
        ],
    )

    assert lay_out(event) == [
        [
            (HalfDay.MORNING, ["ouverture"]),
            (HalfDay.AFTERNOON, ["dejeuner", "ateliers"]),
            (HalfDay.EVENING, ["cloture"]),
            (None, ["a-preciser"]),
        ]
    ]


def test_a_person_is_shown_what_concerns_them():
    assert lay_out(draw_assises(), ["atelier-2", "rencontres"]) == [
        [
            (HalfDay.MORNING, ["ouverture", "pleniere"]),
            (HalfDay.AFTERNOON, ["atelier-2", "tables-rondes-1"]),
        ],
        [(HalfDay.AFTERNOON, ["rencontres", "cloture"])],
    ]


def cancel(event, *codes):
    """Cancel sessions of an event."""
    for session in event.sessions:
        if session.code in codes:
            session.cancelled_at = ANNOUNCED
    return event


def test_nobody_attends_or_chooses_a_session_that_is_cancelled():
    event = cancel(draw_assises(), "pleniere", "atelier-2", "rencontres")

    chosen = ["atelier-2", "rencontres"]
    attended = [one.code for one in programme.sessions_attended(event, chosen)]
    assert attended == ["ouverture", "tables-rondes-1", "cloture"]
    assert [[one.code for one in slot.sessions] for slot in programme.slots(event)] == [
        ["atelier-1"],
        ["atelier-3", "atelier-4", "atelier-5"],
    ]
    for code in chosen:
        with pytest.raises(UnknownSession):
            programme.check_choice(event, [code])


def test_what_is_left_of_a_slot_is_for_those_who_chose_it():
    event = cancel(draw_assises(), "atelier-2")

    assert "atelier-1" in {one.code for one in programme.sessions_attended(event, ["atelier-1"])}
    assert "atelier-1" not in {one.code for one in programme.sessions_attended(event, [])}


def test_a_day_without_its_first_session_begins_with_the_second():
    sessions = [
        draw_session("accueil", "2020-05-19", "15:00", "15:45"),
        draw_session("outils", "2020-05-19", "15:45", "17:30"),
    ]
    event = cancel(draw_event(sessions=sessions), "accueil")

    for days in (programme.days(event), programme.days_attended(event, [])):
        assert tell(days) == [(1, "2020-05-19T15:45", "2020-05-19T17:30", True, "outils")]


def test_nobody_attends_a_day_of_which_every_session_is_cancelled():
    event = cancel(draw_assises(), "atelier-3", "atelier-4", "atelier-5", "rencontres", "cloture")

    assert [day.ordinal for day in programme.days_attended(event, ["atelier-4"])] == [1]
    assert [day.ordinal for day in programme.days(event)] == [1, 2]


def test_who_is_left_without_any_session_is_expected_all_the_same():
    event = cancel(draw_event(sessions=[draw_session("seule", "2020-05-19")]), "seule")

    assert [(day.ordinal, day.sessions) for day in programme.days_attended(event, [])] == [(1, ())]


def test_what_is_cancelled_is_still_shown_to_whom_it_concerned():
    event = cancel(draw_assises(), "pleniere", "atelier-2")

    whole, of_the_one, of_the_other = (
        lay_out(event, chosen)[0] for chosen in (None, ["atelier-2"], ["atelier-1"])
    )
    assert whole == [
        (HalfDay.MORNING, ["ouverture", "pleniere"]),
        (HalfDay.AFTERNOON, ["atelier-1 | atelier-2", "tables-rondes-1"]),
    ]
    assert of_the_one[1] == (HalfDay.AFTERNOON, ["atelier-2", "tables-rondes-1"])
    assert of_the_other[1] == (HalfDay.AFTERNOON, ["atelier-1", "tables-rondes-1"])


def test_an_event_without_sessions_shows_no_programme():
    assert programme.outline(draw_event()) == []
