"""Saved audiences: a filter under a name, which says anew each time who is in it."""

import pytest
from sqlalchemy import func, select

from tests.factories import NOW, make_event, make_registration
from webinars import participants, retention, saved_audiences
from webinars.errors import AudienceKnown, NotFound
from webinars.filtering import read_filter, write_filter
from webinars.models import (
    AttendanceMode,
    Audience,
    OrganizationKind,
    Presence,
    RegistrationStatus,
)
from webinars.participants import Filter

FULL = Filter(
    search="Fès",
    status=RegistrationStatus.CONFIRMED,
    presence=Presence.PRESENT,
    has_entered=False,
    kind=OrganizationKind.REGION,
    country="MA",
    session="atelier-1",
    source="form",
    attendance_mode=AttendanceMode.ONSITE,
    to_reconfirm=True,
    has_request=False,
)
MOROCCANS = Filter(country="MA")


def save(tx, event, name="Élus marocains", wanted=MOROCCANS):
    return saved_audiences.save(tx, event.id, name, wanted, author="nadia@example.org", now=NOW)


def test_every_criterion_is_written_in_words_and_read_again():
    assert read_filter(write_filter(FULL)) == FULL
    assert write_filter(Filter()) == {}


def test_an_audience_is_who_meets_its_criteria_at_that_moment(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        audience = save(tx, event)
        make_registration(tx, event, country="MA")
        make_registration(tx, event, last_name="Martin", email="m@example.org", country="FR")

    with any_database.reading() as tx:
        kept = saved_audiences.get(tx, event.id, audience.id)
        rows = participants.list_rows(tx, event.id, saved_audiences.read(kept))

    assert [one.last_name for one in rows] == ["Bennani"]


def test_two_audiences_of_an_event_do_not_have_names_that_read_alike(any_database):
    with any_database.transaction() as tx:
        event, other = make_event(tx), make_event(tx, "autre")
        save(tx, event)
        second = save(tx, event, "Tous")
        save(tx, other, "ÉLUS  marocains")

        with pytest.raises(AudienceKnown):
            save(tx, event, "elus marocains")
        with pytest.raises(AudienceKnown):
            saved_audiences.rename(tx, second, "ELUS MAROCAINS")
        saved_audiences.rename(tx, second, "Élus du Maroc")

    with any_database.reading() as tx:
        names = [one.name for one in saved_audiences.list_all(tx, event.id)]
    assert names == ["Élus du Maroc", "Élus marocains"]


def test_an_address_says_an_audience_or_its_own_words(database):
    with database.transaction() as tx:
        event, other = make_event(tx), make_event(tx, "autre")
        audience = save(tx, event)

        assert saved_audiences.choose(tx, event.id, {"audience": str(audience.id)}) == MOROCCANS
        assert saved_audiences.choose(tx, event.id, {"country": "FR"}) == Filter(country="FR")
        for number in ("0", "x", "²", "9" * 30):
            with pytest.raises(NotFound):
                saved_audiences.choose(tx, event.id, {"audience": number})
        with pytest.raises(NotFound):
            saved_audiences.choose(tx, other.id, {"audience": str(audience.id)})


def test_audiences_go_when_they_are_removed_and_with_the_data_of_their_event(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        saved_audiences.remove(tx, save(tx, event))
        assert saved_audiences.list_all(tx, event.id) == []

        save(tx, event, "Une seule personne", Filter(search="Bennani"))
        retention.purge(tx, now=NOW.replace(year=NOW.year + 5))
        assert tx.scalar(select(func.count()).select_from(Audience)) == 0
