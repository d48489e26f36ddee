"""Merging two registrations of one person from the organisers' pages."""

from tests.factories import NOW, make_event, make_registration
from tests.web.organiser.conftest import FOREIGN, SLUG
from tests.web.organiser.test_registrations import LIST, get
from webinars import events, participants


def add_double(runtime, **values):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        said = {"last_name": "Benani", "source": "DAECT", "phone": "+212 5 37 00 00 00"}
        return make_registration(tx, event, **said | values).id


def test_a_double_is_proposed_compared_and_merged(desk, world, runtime):
    double = add_double(runtime)
    page = desk.get(f"{LIST}/{world.samira}")
    assert "Peut-être la même personne" in page.words
    link = next(link for link in page.find_links() if f"merge/{double}" in link)
    page = desk.get(link)
    assert "BENANI" in page.words and "+212 5 37 00 00 00" in page.words
    page = desk.follow(desk.submit(page, action=f"merge/{double}", phone="other"))
    assert "n’en font plus qu’une" in page.words and "Peut-être" not in page.words
    one = get(runtime, world.samira)
    assert (one.last_name, one.phone, one.source) == (
        "Bennani",
        "+212 5 37 00 00 00",
        "form; DAECT",
    )
    assert desk.get(f"{LIST}/{double}").status == 404


def test_the_links_of_both_lead_to_the_one_that_stays(desk, pages, world, runtime):
    double = add_double(runtime)
    with runtime.reading() as tx:
        gone = participants.get(tx, double)
    url = runtime.links.page_url(gone.public_id, 0).removeprefix(runtime.links.base_url)
    desk.submit(desk.get(f"{LIST}/{world.samira}/merge/{double}"), action=f"merge/{double}")
    assert "Samira" in pages.get(url).words and pages.get(url).status == 200


def test_nobody_of_another_event_is_merged(desk, world):
    assert desk.get(f"{LIST}/{world.samira}/merge/{world.stranger}").status == 404
    assert desk.get(f"{LIST}/{world.samira}/merge/{world.samira}").status == 404


def test_other_events_of_a_person_are_shown_as_far_as_one_may_see_them(desk, world, runtime):
    with runtime.transaction() as tx:
        own = events.get(tx, SLUG)
        institutions = [one.institution for one in own.institutions]
        former = make_event(tx, "webinaire-2019", title="Édition 2019", institutions=institutions)
        contact = participants.get(tx, world.samira).contact_id
        for event in (former, events.get(tx, FOREIGN)):
            made = make_registration(tx, event, email=f"{event.id}@example.org", registered_at=NOW)
            made.contact_id = contact
    page = desk.get(f"{LIST}/{world.samira}")
    assert "Édition 2019" in page.words and "Mémorandum" not in page.words
