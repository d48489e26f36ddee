from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from tests.domain import sending
from tests.factories import make_event, make_registration, make_session
from webinars import choices, events, listings, participants, tags
from webinars.listings import Order, Sort
from webinars.models import (
    AttendanceMode,
    Delivery,
    DeliveryState,
    Language,
    OrganizationKind,
    Presence,
    Registration,
    RegistrationStatus,
    Role,
    SessionChoice,
)
from webinars.participants import Filter

CONFIRMED = RegistrationStatus.CONFIRMED
CANCELLED = RegistrationStatus.CANCELLED
PEOPLE = [
    {"last_name": "Aït Melloul", "first_name": "Samira", "organization": "Région Fès-Meknès"},
    {
        "last_name": "Évrard",
        "first_name": "Zoé",
        "organization": "Ville d’Évry-Courcouronnes",
        "organization_kind": OrganizationKind.COMMUNE,
        "country": "FR",
        "presence": Presence.PRESENT,
        "source": "CUF",
    },
    {
        "last_name": "Ben-Ali",
        "first_name": "Driss",
        "organization": "Conseil régional de L’Oriental",
        "status": RegistrationStatus.WAITING,
        "attendance_mode": AttendanceMode.ONSITE,
    },
    {"last_name": "بناني", "first_name": "سميرة", "organization": "جماعة فاس", "source": "import"},
]


@pytest.fixture
def listed(tx):
    """Return a function from a filter to the last names it lists."""
    event = make_event(tx)
    session = make_session(tx, event, "atelier-1", capacity=10)
    for number, person in enumerate(PEOPLE):
        made = make_registration(tx, event, email=f"p{number}_x@example.org", **person)
        if number < 2:
            is_full = number == 1
            tx.add(SessionChoice(registration_id=made.id, session_id=session.id, is_full=is_full))
    other = make_event(tx, "assises")
    make_registration(tx, other, last_name="Aït Melloul", email="autre@example.org")
    gone = make_registration(tx, event, last_name="Effacée", email="e@example.org")
    gone.erased_at = event.created_at
    driss = next(one for one in participants.list_rows(tx, event.id) if one.first_name == "Driss")
    driss.reference = "K7QM-3XPA"
    tx.flush()

    def run(**wanted):
        rows = participants.list_rows(tx, event.id, Filter(**wanted))
        assert participants.count(tx, event.id, Filter(**wanted)) == len(rows)
        return [row.last_name for row in rows]

    return run


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Aït Melloul", "Ben-Ali", "Évrard", "بناني"]),
        ("ait melloul", ["Aït Melloul"]),
        ("MELLOUL Samira", ["Aït Melloul"]),
        ("samira aït", ["Aït Melloul"]),
        ("ben ali", ["Ben-Ali"]),
        ("Ben-Ali", ["Ben-Ali"]),
        ("evry courcouronnes", ["Évrard"]),
        ("d'Evry", ["Évrard"]),
        ("fes meknes", ["Aït Melloul"]),
        ("Fès-Mèknès", ["Aït Melloul"]),
        ("l oriental", ["Ben-Ali"]),
        ("سميرة", ["بناني"]),
        ("P1_X@example.org", ["Évrard"]),
        ("k7qm 3xpa", ["Ben-Ali"]),
        ("K7QM-3XPA", ["Ben-Ali"]),
        ("k7qm3xpa", ["Ben-Ali"]),
        ("%", []),
        ("p_x", []),
        ("effacée", []),
        ("' OR 1=1 --", []),
    ],
)
def test_a_search_overlooks_accents_hyphens_case_and_order(listed, search, found):
    assert listed(search=search) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": RegistrationStatus.WAITING}, ["Ben-Ali"]),
        ({"presence": Presence.PRESENT}, ["Évrard"]),
        ({"has_entered": True}, []),
        ({"has_entered": False}, ["Aït Melloul", "Ben-Ali", "Évrard", "بناني"]),
        ({"kind": OrganizationKind.COMMUNE}, ["Évrard"]),
        ({"country": "FR"}, ["Évrard"]),
        ({"session": "atelier-1"}, ["Aït Melloul"]),
        ({"source": "import"}, ["بناني"]),
        ({"attendance_mode": AttendanceMode.ONSITE}, ["Ben-Ali"]),
        ({"country": "FR", "status": RegistrationStatus.WAITING}, []),
    ],
)
def test_a_list_is_limited_by_each_filter_and_by_all_together(listed, wanted, found):
    assert listed(**wanted) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"role": Role.STAFF}, ["Évrard"]),
        ({"organization": "FES MEKNES"}, ["Aït Melloul"]),
        ({"language": Language.ARABIC}, ["بناني"]),
        ({"has_priority": True}, ["بناني"]),
        ({"has_priority": False}, ["Aït Melloul", "Ben-Ali", "Évrard"]),
        ({"has_question": True}, ["Ben-Ali"]),
        ({"is_unreached": True}, ["Ben-Ali"]),
        ({"is_unreached": False}, ["Aït Melloul", "Évrard", "بناني"]),
        ({"tag": "a RAPPELER"}, ["Aït Melloul", "Évrard"]),
        ({"tag": "inconnue"}, []),
        ({"since": date(2020, 10, 26)}, ["Aït Melloul", "Évrard", "بناني"]),
        ({"until": date(2020, 10, 25)}, ["Ben-Ali"]),
        ({"answers": (("repas", "halal"),)}, ["Évrard"]),
        ({"answers": (("temoignage", "1"),)}, ["Aït Melloul"]),
        ({"answers": (("temoignage", "0"),)}, ["Ben-Ali", "Évrard", "بناني"]),
        ({"country": "MA", "excluded": {"country"}}, ["Évrard"]),
        ({"search": "melloul", "excluded": {"search"}}, ["Ben-Ali", "Évrard", "بناني"]),
        ({"presence": Presence.PRESENT, "excluded": {"presence"}},
         ["Aït Melloul", "Ben-Ali", "بناني"]),
        ({"tag": "à rappeler", "excluded": {"tag"}}, ["Ben-Ali", "بناني"]),
        ({"session": "atelier-1", "excluded": {"session"}}, ["Ben-Ali", "Évrard", "بناني"]),
        ({"excluded": {"country"}}, ["Aït Melloul", "Ben-Ali", "Évrard", "بناني"]),
    ],
)  # fmt: skip
def test_a_list_is_limited_by_what_people_said_and_by_what_organisers_know(marked, wanted, found):
    wanted = wanted | {"excluded": frozenset(wanted.get("excluded", ()))}
    assert marked(**wanted) == found


@pytest.fixture
def marked(listed, tx):
    """Return the function that lists, with more known of each of the people."""
    event_id = tx.scalar(select(Registration.event_id).where(Registration.source == "import"))
    event = events.get_by_id(tx, event_id)
    rows = {one.last_name: one for one in participants.list_rows(tx, event_id)}
    rows["Évrard"].role = Role.STAFF
    rows["Évrard"].answers = {"repas": "halal"}
    rows["Aït Melloul"].answers = {"temoignage": "1"}
    rows["بناني"].language = Language.ARABIC
    rows["بناني"].has_priority = True
    rows["Ben-Ali"].question = "Comment faire ?"
    rows["Ben-Ali"].registered_at = datetime(2020, 10, 25, 22, 59, tzinfo=UTC)
    tx.flush()
    tags.add(tx, event, "À rappeler", [rows["Aït Melloul"].id, rows["Évrard"].id])
    driss = rows["Ben-Ali"]
    sending.add(tx, event, registration_id=driss.id, email=driss.email)
    tx.execute(update(Delivery).values(state=DeliveryState.BOUNCED))
    return listed


def test_a_long_list_comes_in_pages(tx):
    event = make_event(tx)
    for number in range(5):
        make_registration(tx, event, last_name=f"N{number}", email=f"n{number}@example.org")
    pages = [participants.list_rows(tx, event.id, limit=2, offset=start) for start in (0, 2, 4)]
    assert [[row.last_name for row in page] for page in pages] == [
        ["N0", "N1"],
        ["N2", "N3"],
        ["N4"],
    ]


def test_sources_are_listed_for_the_filter(tx):
    event = make_event(tx)
    for number, source in enumerate(("form", "DAECT", "form", "import")):
        make_registration(tx, event, email=f"n{number}@example.org", source=source)
    assert participants.list_sources(tx, event.id) == ["DAECT", "form", "import"]


def test_counts_by_status_of_many_events_take_one_query_and_keep_the_erased(tx):
    first, second, empty = (make_event(tx, slug) for slug in ("a", "b", "c"))
    make_registration(tx, first)
    make_registration(tx, first, email="b@example.org").erased_at = first.created_at
    make_registration(tx, second, email="c@example.org", status=CANCELLED)
    counted = participants.count_by_status(tx, [first.id, second.id, empty.id])
    assert counted[first.id][CONFIRMED] == 2
    assert counted[second.id]["cancelled"] == 1
    assert counted[second.id][CONFIRMED] == counted[empty.id][CONFIRMED] == 0


def test_places_left_are_counted_from_those_who_have_one(tx):
    event = make_event(tx)
    limited = make_session(tx, event, "atelier-1", capacity=2)
    make_session(tx, event, "pleniere")
    tx.expire(event, ["sessions"])
    for number, (status, is_full) in enumerate(
        [(CONFIRMED, False), (CONFIRMED, True), (RegistrationStatus.WAITING, False)]
    ):
        made = make_registration(tx, event, email=f"n{number}@example.org", status=status)
        tx.add(SessionChoice(registration_id=made.id, session_id=limited.id, is_full=is_full))
    tx.flush()
    assert choices.count_left(tx, events.get(tx, event.slug)) == {"atelier-1": 1}


@pytest.mark.parametrize(
    ("by", "found"),
    [
        (Sort.NAME, ["Aït Melloul", "Ben-Ali", "Évrard", "بناني"]),
        (Sort.ORGANIZATION, ["Ben-Ali", "Aït Melloul", "Évrard", "بناني"]),
        (Sort.STATUS, ["Aït Melloul", "Évrard", "بناني", "Ben-Ali"]),
        (Sort.COUNTRY, ["Évrard", "Aït Melloul", "Ben-Ali", "بناني"]),
        (Sort.KIND, ["Évrard", "Aït Melloul", "Ben-Ali", "بناني"]),
        (Sort.COMING, ["Évrard", "Aït Melloul", "Ben-Ali", "بناني"]),
        (Sort.SOURCE, ["Évrard", "Aït Melloul", "Ben-Ali", "بناني"]),
        (Sort.MODE, ["Aït Melloul", "Évrard", "بناني", "Ben-Ali"]),
    ],
)
def test_a_list_is_sorted_as_a_french_reader_looks_things_up(listed, tx, by, found):
    event_id = tx.scalar(select(Registration.event_id).where(Registration.source == "import"))
    countries = ("FR", "MA")
    rows = listings.list_rows(tx, event_id, Filter(), Order(by), limit=10, countries=countries)
    assert [one.last_name for one in rows] == found
    last = listings.list_rows(
        tx, event_id, Filter(), Order(by, is_descending=True), limit=1, countries=countries
    )
    assert last[0].last_name == found[-1]


def test_counts_by_status_and_what_is_owed_are_of_those_in_the_list(tx):
    event = make_event(tx)
    for number, status in enumerate(("confirmed", "confirmed", "waiting", "cancelled")):
        made = make_registration(tx, event, email=f"c{number}@example.org", status=status)
        made.requested_at = event.created_at
    gone = make_registration(tx, event, email="gone@example.org")
    gone.erased_at = gone.requested_at = event.created_at
    tx.flush()
    counts = listings.count_all(tx, event.id)
    assert counts.by_status == {"confirmed": 2, "waiting": 1, "cancelled": 1}
    assert (counts.total, counts.requests, counts.to_reconfirm) == (4, 3, 0)
    only = Filter(status=RegistrationStatus.CONFIRMED)
    assert listings.count(tx, event.id, only, counts) == 2


def test_what_a_list_can_be_limited_by_is_known_anew_when_someone_comes(tx):
    event = make_event(tx)
    make_registration(tx, event, source="DAECT")
    now = event.created_at

    def look_up():
        return listings.find_facets(tx, event.id, listings.count_all(tx, event.id), now=now)

    assert look_up().sources == ("DAECT",)
    make_registration(tx, event, email="b@example.org", source="CUF", country="FR")
    assert look_up().sources == ("CUF", "DAECT")
    assert look_up().countries == ("FR", "MA")
