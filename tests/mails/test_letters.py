"""What a delivery says, on a real database: the facts, the links, the calendar entry."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr

import icalendar
import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests import factories
from tests.mails import changes, letters_to
from webinars import events, letters
from webinars.letters import gathering, rows, wording
from webinars.links import Scope
from webinars.mail import compose
from webinars.models import (
    ABOUT_ACCOUNTS,
    ABOUT_INVITATIONS,
    TO_ORGANISERS,
    AttendanceMode,
    CalendarMethod,
    ChangeKind,
    Civility,
    ContactPoint,
    Event,
    Language,
    MailName,
    Mode,
    OrganizationKind,
    Priority,
    Registration,
    RegistrationStatus,
    Translated,
)
from webinars.suppressions import UNSUBSCRIBABLE

BY_THEMSELVES = ABOUT_ACCOUNTS | ABOUT_INVITATIONS
OF_EVENTS = [mail for mail in MailName if mail not in BY_THEMSELVES]
TO_PERSONS = [mail for mail in MailName if mail not in TO_ORGANISERS | BY_THEMSELVES]
BEFORE = letters_to.LINK_DUE - timedelta(seconds=1)
AFTER = letters_to.LINK_DUE


def test_a_confirmation_says_when_the_link_will_come_until_it_is_due(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx, dial_in="+33 1 00 00 00 01")
        person = letters_to.make_registration(tx, event)
        early = context(tx, event, MailName.CONFIRMATION, person, created_at=BEFORE)
        late = context(tx, event, MailName.CONFIRMATION, person, created_at=AFTER)

    assert early.link.gate_url == early.link.dial_in == ""
    assert early.link.due == "mardi 19 mai 2020 à 08h00 (heure de Paris) / 06h00 (heure de Rabat)"
    assert late.link.due == ""
    assert late.link.gate_url == letters_to.LINKS.gate_url(person.public_id, 0)
    assert late.link.dial_in == "+33 1 00 00 00 01"


def test_an_event_that_sends_no_link_has_it_in_the_confirmation(database):
    with database.transaction() as tx:
        event = factories.make_event(tx)
        person = letters_to.make_registration(tx, event)
        said = context(tx, event, MailName.CONFIRMATION, person)

    assert said.link.gate_url
    assert said.link.due == ""


def test_who_comes_in_person_is_told_the_venue_and_no_link(database):
    with database.transaction() as tx:
        event = letters_to.make_assises(tx, mode=Mode.HYBRID, dial_in="+33 1 00 00 00 01")
        letters_to.add_mailing(tx, event, MailName.CONNECTION_LINK, letters_to.REGISTERED)
        onsite = letters_to.make_registration(
            tx, event, attendance_mode=AttendanceMode.ONSITE, email="sur-place@example.org"
        )
        said = context(tx, event, MailName.CONFIRMATION, onsite)
        onsite.attendance_mode = AttendanceMode.ONLINE
        from_afar = context(tx, event, MailName.CONFIRMATION, onsite, created_at=AFTER)

    assert said.venue == "Palais des congrès, Marrakech (Maroc)"
    assert said.link.gate_url == said.link.due == said.link.dial_in == ""
    assert from_afar.venue == ""
    assert from_afar.link.gate_url


@pytest.mark.parametrize(
    ("confirmed", "written", "is_update"),
    [
        (letters_to.REGISTERED, letters_to.REGISTERED, False),
        (letters_to.REGISTERED, letters_to.REGISTERED + timedelta(seconds=1), True),
    ],
    ids=["with the confirmation itself", "later"],
)
def test_only_a_later_confirmation_replaces_an_earlier_one(database, confirmed, written, is_update):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event, confirmed_at=confirmed)
        said = context(tx, event, MailName.CONFIRMATION, person, created_at=written)

    assert said.is_update is is_update


def test_a_copy_has_the_page_of_the_assistant_and_the_same_gate(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        own = context(tx, event, MailName.CONNECTION_LINK, person, email="a@example.org")
        copy = context(
            tx, event, MailName.CONNECTION_LINK, person, email="b@example.org", is_copy=True
        )

    token = copy.person.page_url.rsplit("/", 1)[-1]
    assert letters_to.LINKS.is_valid(token, Scope.ASSISTANT, person.public_id, 0)
    assert copy.person.page_url != own.person.page_url
    assert copy.link.gate_url == own.link.gate_url
    assert copy.person.is_copy


def test_links_follow_the_generation_of_the_registration(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event, link_generation=3)
        said = context(tx, event, MailName.CONNECTION_LINK, person)

    assert said.link.gate_url == letters_to.LINKS.gate_url(person.public_id, 3)
    assert said.person.page_url == letters_to.LINKS.page_url(person.public_id, 3)


OPENS = datetime(2020, 5, 19, 12, 45, tzinfo=UTC)
ENDS = datetime(2020, 5, 19, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "is_open"),
    [
        (OPENS - timedelta(seconds=1), False),
        (OPENS, True),
        (ENDS + timedelta(minutes=29), True),
        (ENDS + timedelta(minutes=30), False),
    ],
    ids=["a second before", "as it opens", "after the end", "once it is closed"],
)
@pytest.mark.parametrize("mail", [MailName.CONFIRMATION, MailName.CONNECTION_LINK])
def test_a_late_link_says_that_the_room_is_open(database, mail, written, is_open):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        said = context(tx, event, mail, person, created_at=written)

    assert said.link.is_open is is_open
    assert said.link.opens == (
        "mardi 19 mai 2020 à 14h45 (heure de Paris) / 12h45 (heure de Rabat)"
    )


def test_who_registers_on_the_second_day_is_told_when_the_room_opens_that_day(database):
    with database.transaction() as tx:
        event = factories.make_event(
            tx,
            starts=datetime(2020, 11, 3, 10, 0),  # noqa: DTZ001 - a local wall time
            ends=datetime(2020, 11, 4, 12, 0),  # noqa: DTZ001
            display_timezones=("Europe/Paris",),
        )
        for day in (3, 4):
            factories.make_session(
                tx,
                event,
                f"jour-{day}",
                day=date(2020, 11, day),
                starts=time(10),
                ends=time(12),
            )
        person = letters_to.make_registration(tx, event)
        first, second = (
            context(tx, event, MailName.CONNECTION_LINK, person, created_at=written)
            for written in (
                datetime(2020, 11, 3, 10, 0, tzinfo=UTC),
                datetime(2020, 11, 3, 12, 0, tzinfo=UTC),
            )
        )

    assert first.link.opens == "mardi 3 novembre 2020 à 09h45 (heure de Paris)"
    assert first.link.is_open
    assert second.link.opens == "mercredi 4 novembre 2020 à 09h45 (heure de Paris)"
    assert not second.link.is_open


@pytest.mark.parametrize("mail", TO_PERSONS)
def test_only_mails_that_one_may_do_without_say_how_to_stop_them(database, mail):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        own, copy, test = (
            letters_to.send(tx, letters_to.make_delivery(tx, event, mail, to, **columns))
            for to, columns in (
                (person, {}),
                (person, {"is_copy": True}),
                (None, {"intent": f"test:1:{mail}"}),
            )
        )

    url = letters_to.LINKS.unsubscribe_url(person.public_id, 0)
    assert own["List-Unsubscribe"] == (f"<{url}>" if mail in UNSUBSCRIBABLE else None)
    assert (url in letters_to.get_part(own, "text/plain")) is (mail in UNSUBSCRIBABLE)
    assert copy["List-Unsubscribe"] is None
    assert test["List-Unsubscribe"] is None
    assert "/u/" not in letters_to.dump(copy) + letters_to.dump(test)


PRIORITY = Priority(countries=("FR",), kinds=(OrganizationKind.REGION,))
RELEASED = datetime(2020, 5, 18, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("priority", "written", "until"),
    [
        (PRIORITY, RELEASED - timedelta(seconds=1), "lundi 18 mai 2020 à 12h00"),
        (PRIORITY, RELEASED, ""),
        (None, RELEASED - timedelta(seconds=1), ""),
    ],
    ids=["kept", "released", "no priority"],
)
def test_the_waiting_are_told_until_when_places_are_kept(database, priority, written, until):
    with database.transaction() as tx:
        event = letters_to.make_webinar(
            tx,
            capacity=3,
            priority=priority,
            priority_until_at=RELEASED if priority else None,
        )
        person = letters_to.make_registration(tx, event, status=RegistrationStatus.WAITING)
        said = context(tx, event, MailName.WAITING_LIST, person, created_at=written)

    assert said.priority_until.startswith(until)
    assert bool(said.priority_until) is bool(until)
    assert said.priority_first is (priority is not None)


@pytest.mark.parametrize("mail", OF_EVENTS)
@pytest.mark.parametrize("language", Language)
def test_no_mail_ever_names_the_room(database, mail, language):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx, room_url=letters_to.ROOM)
        person = letters_to.make_registration(tx, event)
        to = person if mail in TO_PERSONS else None
        delivery = letters_to.make_delivery(
            tx, event, mail, to, language=language, created_at=AFTER
        )
        dumped = letters_to.dump(letters_to.send(tx, delivery))

    assert "salle.example.org" not in dumped
    assert "/r/" not in (dumped.partition("==== CALENDAR")[2])


@pytest.mark.parametrize("mail", OF_EVENTS)
@pytest.mark.parametrize("make", [letters_to.make_webinar, letters_to.make_assises])
def test_any_mail_of_an_event_can_be_sent_to_oneself(database, make, mail):
    with database.transaction() as tx:
        event = make(tx)
        delivery = letters_to.make_delivery(
            tx, event, mail, intent=f"test:1:{mail}", email="org@example.org"
        )
        letter = letters_to.write(tx, delivery)
        message = letters_to.read(compose.compose(letter))

        assert not tx.new
    assert message["Subject"].startswith("[TEST] ")
    assert letter.recipient == "org@example.org"
    if mail in TO_PERSONS:
        assert "[TEST] Camille EXEMPLE" in letters_to.get_part(message, "text/plain")
        for calendar in read_calendars(message):
            assert calendar.walk("VEVENT")[0]["SUMMARY"].startswith("[TEST] ")


CALENDARS = {
    "confirmation": (MailName.CONFIRMATION, {}, {}, CalendarMethod.REQUEST),
    "further day": (MailName.CALENDAR_DAY, {}, {}, CalendarMethod.REQUEST),
    "given up": (
        MailName.REGISTRATION_CANCELLED,
        {"status": RegistrationStatus.CANCELLED},
        {},
        CalendarMethod.CANCEL,
    ),
    "given up without a place": (
        MailName.REGISTRATION_CANCELLED,
        {"status": RegistrationStatus.CANCELLED, "confirmed_at": None},
        {},
        None,
    ),
    "given up, then taken up again": (MailName.REGISTRATION_CANCELLED, {}, {}, None),
    "given up, to the assistant": (
        MailName.REGISTRATION_CANCELLED,
        {"status": RegistrationStatus.CANCELLED},
        {"is_copy": True},
        None,
    ),
    "copy": (MailName.CONFIRMATION, {}, {"is_copy": True}, None),
    "waiting": (MailName.WAITING_LIST, {}, {}, None),
    "link": (MailName.CONNECTION_LINK, {}, {}, None),
    "reminder": (MailName.REMINDER, {}, {}, None),
}


@pytest.mark.parametrize(
    ("mail", "registered", "columns", "method"), CALENDARS.values(), ids=CALENDARS
)
def test_who_was_invited_is_invited_anew_or_taken_out(database, mail, registered, columns, method):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event, **registered)
        message = letters_to.send(tx, letters_to.make_delivery(tx, event, mail, person, **columns))

    assert letters_to.method_of(message) == method


def test_an_entry_is_stamped_and_numbered_by_its_row_and_organised_by_the_sender(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event, calendar_sequence=9)
        delivery = letters_to.make_delivery(
            tx, event, MailName.CONFIRMATION, person, calendar_sequence=4, created_at=BEFORE
        )
        message = letters_to.send(tx, delivery)

    [calendar] = read_calendars(message)
    [entry] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST"
    assert entry["SEQUENCE"] == 4
    assert entry["DTSTAMP"].dt == BEFORE
    assert entry["ORGANIZER"] == f"mailto:{parseaddr(letters_to.SENDER)[1]}"
    assert entry["ATTENDEE"] == "mailto:samira@example.org"
    assert entry["UID"] == "r0123456789abcdef-d1-g0@webinaires.example.org"
    assert entry["URL"] == letters_to.LINKS.gate_url(person.public_id, 0)
    assert message["Date"].datetime == BEFORE


def test_each_day_is_an_entry_of_its_own_in_a_mail_of_its_own(database):
    with database.transaction() as tx:
        event = letters_to.make_assises(tx)
        person = letters_to.make_registration(tx, event)
        letters_to.choose(tx, person, event, "atelier-1", "atelier-4")
        first = letters_to.send(
            tx, letters_to.make_delivery(tx, event, MailName.CONFIRMATION, person)
        )
        second = letters_to.send(
            tx,
            letters_to.make_delivery(tx, event, MailName.CALENDAR_DAY, person, ordinal=2),
        )
        copy = letters_to.send(
            tx,
            letters_to.make_delivery(tx, event, MailName.CONFIRMATION, person, is_copy=True),
        )

    assert list_uids(first) == ["r0123456789abcdef-d1-g0@webinaires.example.org"]
    assert list_uids(second) == ["r0123456789abcdef-d2-g0@webinaires.example.org"]
    assert list_uids(copy) == list_uids(first) + list_uids(second)


def test_a_day_that_is_no_longer_attended_can_still_be_taken_out(database):
    with database.transaction() as tx:
        event = letters_to.make_assises(tx)
        person = letters_to.make_registration(tx, event)
        letters_to.choose(tx, person, event, "atelier-1")
        delivery = letters_to.make_delivery(
            tx, event, MailName.REGISTRATION_CANCELLED, person, ordinal=2
        )
        message = letters_to.send(tx, delivery)

    assert list_uids(message) == ["r0123456789abcdef-d2-g0@webinaires.example.org"]
    assert letters_to.method_of(message) is CalendarMethod.CANCEL


def test_a_session_that_turned_out_full_is_told_apart_from_those_kept(database):
    with database.transaction() as tx:
        event = letters_to.make_assises(tx)
        person = letters_to.make_registration(tx, event)
        letters_to.choose(tx, person, event, "atelier-1", full=["atelier-3"])
        said = context(tx, event, MailName.CONFIRMATION, person)

    assert [one.title for one in said.chosen] == ["Atelier 1 : les services publics locaux"]
    assert said.chosen[0].when == "jeudi 8 décembre 2016, après-midi"
    assert said.chosen[0].room == "Salle Atlas"
    assert [one.title for one in said.full] == ["Atelier 3 : la formation des cadres"]


def test_answers_go_to_the_contact_that_registered_the_person_or_to_the_first(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(
            tx, contacts=(ContactPoint("Accueil", "CUF", "pas une adresse"), *letters_to.CONTACTS)
        )
        person = letters_to.make_registration(tx, event)
        by_form = letters_to.write(
            tx, letters_to.make_delivery(tx, event, MailName.OWN_LINK, person)
        )
        said = context(tx, event, MailName.THANKS, person)
        person.source = "DGCT"
        by_contact = letters_to.write(
            tx, letters_to.make_delivery(tx, event, MailName.REMINDER, person)
        )

    assert by_form.reply_to == "ines.carlier@example.org"
    assert by_contact.reply_to == "driss.lahlou@example.org"
    assert said.event.contacts[0].email == ""


def test_a_message_id_is_of_its_row_alone_and_says_nothing_of_the_person(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        delivery = letters_to.make_delivery(tx, event, MailName.REMINDER, person)
        once, again = letters_to.write(tx, delivery), letters_to.write(tx, delivery)
        delivery_id = delivery.id

    assert once == again
    assert compose.compose(once) == compose.compose(again)
    local, _, host = once.message_id.strip("<>").partition("@")
    assert local.startswith(f"{delivery_id}.")
    assert host == "webinaires.example.org"
    assert hashlib.sha256(b"samira").hexdigest()[:8] not in local
    assert "K7QM" not in once.message_id


def test_a_name_of_a_stranger_makes_no_link(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(
            tx,
            event,
            civility=Civility.NONE,
            last_name="Gagnez sur https://loterie.example.org/x",
            first_name="www.loterie.example.org",
            organization="a@loterie.example.org",
        )
        message = letters_to.send(
            tx, letters_to.make_delivery(tx, event, MailName.WAITING_LIST, person)
        )

    text = letters_to.get_part(message, "text/plain").lower()
    assert "loterie" in text
    assert "loterie.example" not in text
    assert "://loterie" not in text
    assert "a@loterie" not in text


@pytest.mark.parametrize("name", ["Jean-Pierre M’Barek", "Aït El Haj, dit « Sidi »", "DGCT/ARM"])
def test_ordinary_names_stay_as_they_are(name):
    assert gathering.disarm(name) == name


def test_hundreds_are_written_with_as_many_queries_as_one(any_database):
    with any_database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        deliveries = [
            letters_to.make_delivery(
                tx,
                event,
                MailName.CONNECTION_LINK,
                factories.make_registration(tx, event, email=f"p{number}@example.org"),
            )
            for number in range(200)
        ]
        ids = [delivery.id for delivery in deliveries]
        tx.flush()

        one = count_queries(tx, ids[:1])
        many = count_queries(tx, ids)
        drafts = letters.prepare(tx, ids, links=letters_to.LINKS, sender=letters_to.SENDER)
        people = [drafts[one].gather().person for one in ids]

    assert one == many <= 8
    assert [drafts[one].recipient for one in ids] == [f"p{n}@example.org" for n in range(200)]
    assert len({person.message_id for person in people}) == len(ids)
    assert len({person.gate_url for person in people}) == len(ids)


def test_hundreds_are_told_of_a_change_with_as_many_queries_as_one(any_database):
    with any_database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        people = [
            factories.make_registration(tx, event, email=f"p{number}@example.org")
            for number in range(200)
        ]
        with letters_to.changing(tx, event, ChangeKind.MOVED) as change:
            letters_to.move(event, days=7)
        mail = MailName.EVENT_MOVED
        ids = [letters_to.tell(tx, event, mail, change, one).id for one in people]

        one = count_queries(tx, ids[:1])
        many = count_queries(tx, ids)
        drafts = letters.prepare(tx, ids, links=letters_to.LINKS, sender=letters_to.SENDER)
        variants = {drafts[one].gather().variant for one in ids}

    assert one == many <= 9
    assert len(variants) == 1


def test_a_day_is_taken_out_at_the_date_that_it_last_had(database):
    with database.transaction() as tx:
        event = letters_to.make_assises(tx)
        person = letters_to.make_registration(tx, event)
        letters_to.choose(tx, person, event, "atelier-1", "atelier-4")
        with letters_to.changing(tx, event, ChangeKind.MOVED):
            changes.without_second_day(event)
        with letters_to.changing(tx, event, ChangeKind.MOVED) as second:
            letters_to.move(event, days=7)
        mail = MailName.REGISTRATION_CANCELLED
        delivery = letters_to.tell(tx, event, mail, second, person, ordinal=2, since_revision=None)
        message = letters_to.send(tx, delivery)

    [calendar] = read_calendars(message)
    assert calendar.walk("VEVENT")[0]["DTSTART"].dt == date(2016, 12, 9)
    assert "vendredi 9 décembre 2016" in letters_to.get_part(message, "text/plain")


def test_a_day_that_nobody_remembers_is_taken_out_under_its_own_name(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        mail = MailName.REGISTRATION_CANCELLED
        message = letters_to.send(tx, letters_to.make_delivery(tx, event, mail, person, ordinal=2))

    [calendar] = read_calendars(message)
    [entry] = calendar.walk("VEVENT")
    assert "-d2-" in entry["UID"]
    assert entry["DTSTART"].dt == date(2020, 5, 20)


@pytest.mark.parametrize("mail", sorted(rows.ABOUT_CHANGES - TO_ORGANISERS))
def test_a_change_that_touches_no_day_of_hers_brings_no_entry(database, mail):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        with letters_to.changing(tx, event, ChangeKind.PLACED) as change:
            changes.elsewhere(event)
        delivery = letters_to.tell(tx, event, mail, change, person, ordinal=None)
        message = letters_to.send(tx, delivery)

    assert read_calendars(message) == []
    assert "agenda" not in letters_to.get_part(message, "text/plain")


def test_only_the_reasons_up_to_the_change_are_given_and_each_once(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        made = []
        for reason in ("Connu avant.", "Grève.", "Grève.", "Salle prise.\nBis.", "Plus tard."):
            with letters_to.changing(tx, event, ChangeKind.MOVED, reason=reason) as change:
                letters_to.move(event, days=1)
            made.append(change)
        mail = MailName.EVENT_MOVED
        delivery = letters_to.tell(tx, event, mail, made[3], person, since_revision=1)
        said = wording.WRITERS[mail](letters_to.prepare(tx, delivery).gather())

    assert said.reasons == ("Grève.", "Salle prise.", "Bis.")
    assert said.was.startswith("mercredi 20 mai 2020")
    assert said.event.when.startswith("dimanche 24 mai 2020")


def test_a_letter_keeps_nothing_of_the_database(database):
    with database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        delivery = letters_to.make_delivery(tx, event, MailName.CONFIRMATION, person)
        letter = letters_to.write(tx, delivery)

    assert not any(isinstance(value, Event | Registration) for value in letter)
    assert compose.compose(letter)


def test_what_is_wrong_with_one_letter_does_no_harm_to_the_others(any_database):
    with any_database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        ids = [
            letters_to.make_delivery(
                tx,
                event,
                MailName.REMINDER,
                factories.make_registration(tx, event, email=f"p{number}@example.org"),
            ).id
            for number in range(3)
        ]
        tx.execute(text("UPDATE deliveries SET language = 'xx' WHERE id = :id"), {"id": ids[1]})

    with any_database.reading() as tx:
        drafts = letters.prepare(tx, [*ids, 999], links=letters_to.LINKS, sender=letters_to.SENDER)

    assert list(drafts) == [*ids, 999]
    assert [bool(drafts[one].compose()) for one in (ids[0], ids[2])] == [True, True]
    assert drafts[ids[1]].reason.startswith("letter not written: LookupError: 'xx' is not")
    assert drafts[999].reason == "letter not written: NotFound: ('delivery', '999')"


def test_a_reason_is_as_long_as_a_row_can_hold():
    unwritten = letters.Unwritten.because(ValueError("x" * 999))

    assert unwritten.reason.startswith("letter not written: ValueError: x")
    assert len(unwritten.reason) == 200


def test_a_database_that_fails_is_no_fault_of_a_letter(database):
    with database.transaction() as tx:
        event = letters_to.make_assises(tx)
        person = letters_to.make_registration(tx, event)
        delivery_id = letters_to.make_delivery(tx, event, MailName.REMINDER, person).id
        tx.execute(text("DROP TABLE session_choices"))

    with database.reading() as tx, pytest.raises(SQLAlchemyError):
        letters.prepare(tx, [delivery_id], links=letters_to.LINKS, sender=letters_to.SENDER)


def test_nothing_but_the_event_is_kept_in_the_transaction(any_database):
    with any_database.transaction() as tx:
        event = letters_to.make_assises(tx)
        person = letters_to.make_registration(tx, event)
        letters_to.choose(tx, person, event, "atelier-1")
        delivery_id = letters_to.make_delivery(tx, event, MailName.CONFIRMATION, person).id

    with any_database.reading() as tx:
        kept = letters.prepare(tx, [delivery_id], links=letters_to.LINKS, sender=letters_to.SENDER)
        tables = {type(one).__name__ for one in tx}
    message = letters_to.read(kept[delivery_id].compose())

    assert not tables & {"Delivery", "Registration", "SessionChoice", "Mailing"}
    assert "Atelier 1" in letters_to.get_part(message, "text/plain")


def test_letters_say_what_the_event_says_since_it_was_changed(any_database):
    with any_database.transaction() as tx:
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        delivery_id = letters_to.make_delivery(tx, event, MailName.THANKS, person).id
        event_id = event.id
    subjects = []
    for title in ("Premier titre", "Second titre"):
        with any_database.transaction() as tx:
            events.get_by_id(tx, event_id).title = Translated(title)
        for _ in range(2):
            with any_database.reading() as tx:
                links, sender = letters_to.LINKS, letters_to.SENDER
                draft = letters.prepare(tx, [delivery_id], links=links, sender=sender)[delivery_id]
            subjects.append(letters_to.read(draft.compose())["Subject"])

    assert ["Premier" in one for one in subjects] == [True, True, False, False]
    assert ["Second" in one for one in subjects] == [False, False, True, True]


def context(tx, event, mail, registration, **columns):
    """Return what the mail of a delivery may say."""
    delivery = letters_to.make_delivery(tx, event, mail, registration, **columns)
    case = letters_to.prepare(tx, delivery).gather()
    return wording.WRITERS[mail](case)


def count_queries(tx, delivery_ids):
    """Count the queries that preparing these letters takes, with nothing loaded before."""
    tx.flush()
    tx.expunge_all()
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    connection = tx.connection()
    sqlalchemy_event.listen(connection, "before_cursor_execute", note)
    letters.prepare(tx, delivery_ids, links=letters_to.LINKS, sender=letters_to.SENDER)
    sqlalchemy_event.remove(connection, "before_cursor_execute", note)
    return len(seen)


def read_calendars(message):
    """Read the calendar parts of a mail with another library than the one that wrote them."""
    return [
        icalendar.Calendar.from_ical(part.get_payload(decode=True))
        for part in message.walk()
        if part.get_content_type() == "text/calendar"
    ]


def list_uids(message):
    """List the UIDs of the calendar file of a mail."""
    content = next(
        part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_type() == "application/ics"
    )
    return [str(entry["UID"]) for entry in icalendar.Calendar.from_ical(content).walk("VEVENT")]
