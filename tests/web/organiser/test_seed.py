"""The webinar of 19 May 2020 made through the forms alone, from its title to its publication."""

from datetime import UTC, datetime

import pytest

from tests.web.organiser.conftest import sign_in
from tests.web.public.people import JEAN, register
from webinars import events, programme
from webinars.models import EventKind, EventStatus, OrganizationKind, ProgrammeStatus

SLUG = "adaptation-cooperation"
HERE = f"/organiser/events/{SLUG}"
SESSIONS = (
    (
        "Témoignages du vécu et des besoins de coopération exprimés par les collectivités",
        "plenary", "15h00", "15h45",
    ),
    ("Le point de vue des partenaires dans les territoires français", "plenary", "15h45", "16h15"),
    ("Adaptation des outils au service de la coopération", "plenary", "16h15", "17h00"),
    ("Réponses aux questions posées lors du webinaire", "questions", "17h00", "17h30"),
)  # fmt: skip


@pytest.fixture
def clock(clock):
    """Set the clock to the day of the communiqué."""
    clock.now = datetime(2020, 5, 12, 9, tzinfo=UTC)
    return clock


def save(desk, name, **typed):
    page = desk.get(f"{HERE}/edit/{name}")
    assert desk.submit(page, typed, action=f"edit/{name}").status == 303


def make_all(desk):
    """Fill in one form after the other, as its organiser would."""
    desk.submit(
        desk.get("/organiser/events/new?kind=webinar"),
        action="events/new",
        title="« Face à la crise du COVID 19, l’adaptation de la coopération décentralisée »",
        slug=SLUG,
        starts_on="2020-05-19",
        starts_time="15h00",
        ends_time="17h30",
        capacity="300",
    )
    save(
        desk,
        "texts",
        title_ar="في مواجهة أزمة كوفيد 19: تكييف التعاون اللامركزي",
        title_en="Decentralised cooperation adapts to the crisis",
        summary_fr="Le mardi 19 mai de 15h00 à 17h30, premières leçons d’une période particulière.",
    )
    save(
        desk,
        "registration",
        closes="2020-05-18T00:00",
        priority_countries=["FR"],
        priority_kinds=["commune", "epci", "departement", "region"],
        priority_until="2020-05-17T12:00",
    )
    save(
        desk,
        "people",
        contacts_0_name="Une chargée de mission",
        contacts_0_institution="DAECT",
        contacts_0_email="contact@example.org",
        contacts_0_phone="01 43 17 62 71",
    )
    save(desk, "notice", rights_contact="dpo@example.org", purposes_ar="تنظيم اللقاء",
         purposes_fr="Organiser le webinaire.")  # fmt: skip
    for title, kind, starts, ends in SESSIONS:
        page = desk.get(f"{HERE}/programme/new")
        said = {"title_fr": title, "kind": kind, "starts_time": starts, "ends_time": ends}
        assert desk.submit(page, said, action="programme/new").status == 303
    page = desk.get(f"{HERE}/questions/new")
    desk.submit(
        page,
        action="questions/new",
        kind="boolean",
        label_fr="Souhaitez-vous témoigner ?",
        label_ar="هل ترغبون في الإدلاء بشهادة؟",
        label_en="Would you like to share your experience?",
    )


def test_the_webinar_of_a_communique_is_made_through_the_forms_alone(desk, clock, runtime):
    sign_in(desk)
    make_all(desk)

    page = desk.get(f"{HERE}/publication")
    assert "d’abord" not in page.words.replace("« d’abord »", "")
    lacks = [" ".join("".join(one.itertext()).split()) for one in page.find_all("li")]
    assert [one for one in lacks if one.startswith("conseillé")] == [
        "conseillé La salle en ligne manque : elle peut venir jusqu’au jour même."
    ]
    assert "À regarder" not in desk.get(f"{HERE}/programme").words
    publish = next(one for one in page.find_all("form") if "Publier" in "".join(one.itertext()))
    sent = {one.get("name"): one.get("value") for one in publish.iter("input")}
    assert desk.post(f"{HERE}/publication", sent).status == 303

    with runtime.reading() as tx:
        event = events.get(tx, SLUG)
    assert (event.kind, event.status) == (EventKind.WEBINAR, EventStatus.PUBLISHED)
    assert event.starts_at == datetime(2020, 5, 19, 13, tzinfo=UTC)
    assert event.closes_at == datetime(2020, 5, 17, 22, tzinfo=UTC)
    assert OrganizationKind.EPCI in event.priority.kinds
    assert event.programme_status is ProgrammeStatus.FINAL
    (day,) = programme.outline(event)
    assert len(day.parts[0].rows) == 4


def test_people_read_and_register_for_what_was_made(desk, clock, pages, runtime):
    sign_in(desk)
    make_all(desk)
    proof = desk.get(f"{HERE}/publication").find_all("input", name="csrf_token")[0].get("value")
    desk.post(f"{HERE}/publication", {"csrf_token": proof, "status": "published"})

    shown = pages.get(f"/events/{SLUG}").words

    assert "ardi 19 mai 2020 de 15h00 à 17h30 (heure de Paris) / de 13h00 à 15h30" in shown
    assert register(pages, SLUG, JEAN, q_souhaitez_vous_temoigner="1").status == 303
