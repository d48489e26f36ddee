"""An invitation's own page: shown, accepted with a form that is filled in, declined, erased."""

import pytest
from sqlalchemy import select

from tests.factories import NOW, make_event, make_institution
from webinars import cards, invitations, suppressions
from webinars.cards import CardFilter, Origin, Person
from webinars.links import Scope
from webinars.models import (
    Civility,
    Contact,
    ContactCard,
    Delivery,
    Invitation,
    InvitationState,
    Language,
    LegalBasis,
    MailName,
    OrganizationKind,
    Registration,
    RegistrationStatus,
    Role,
)

SAMIRA = Person(
    "Bennani",
    "Samira",
    "samira@example.org",
    civility=Civility.MADAME,
    role=Role.ELECTED,
    job_title="Vice-présidente",
    organization="Région Fès-Meknès",
    organization_kind=OrganizationKind.REGION,
    country="MA",
)


def make(runtime, *, person=SAMIRA, **columns):
    """Invite Samira to an event, and return the path of her page and that of no invitations."""
    with runtime.transaction() as tx:
        dgct = make_institution(tx, "DGCT", country="MA")
        event = make_event(tx, institutions=[dgct], **columns)
        cards.add(tx, dgct.id, person, Origin("annuaire", LegalBasis.PUBLIC_TASK), now=NOW)
        tx.refresh(event, ["institutions"])
        invitations.invite(tx, event, dgct.id, CardFilter(), author="n@example.org", now=NOW)
        invited = tx.scalar(select(Invitation))
        made = [
            runtime.links.make_token(scope, invited.public_id, 0)
            for scope in (Scope.INVITATION, Scope.NO_INVITATIONS)
        ]
    return f"/i/{made[0]}", f"/u/{made[1]}"


def read(runtime, what):
    with runtime.reading() as tx:
        return tx.scalar(select(what))


def test_the_page_says_who_is_invited_to_what_and_looking_changes_nothing(pages, runtime):
    path, _ = make(runtime)
    page = pages.get(path)

    assert "Institution DGCT invite Samira BENNANI" in page.words
    assert "Pas encore donnée." in page.words
    assert pages.head(path).status_code == 200
    assert read(runtime, Invitation).state is InvitationState.OPEN


def test_who_accepts_finds_the_form_filled_in_and_is_registered_by_her_institution(pages, runtime):
    path, _ = make(runtime)
    form = pages.get(f"{path}/register")
    assert form.find_field("job_title").get("value") == "Vice-présidente"

    answer = pages.submit(form, action="/register")

    assert answer.status == 303 and answer.location.startswith("/r/")
    registration, invited = read(runtime, Registration), read(runtime, Invitation)
    assert (registration.source, registration.status) == ("DGCT", RegistrationStatus.CONFIRMED)
    assert (invited.state, invited.registration_id) == (
        InvitationState.ACCEPTED,
        registration.id,
    )
    again = pages.get(path)
    assert "Vous êtes inscrit(e)." in again.words and "Décliner" not in again.words
    assert pages.get(f"{path}/register").status == 303


def test_a_form_that_is_wrong_comes_back_with_all_that_was_said(pages, runtime):
    path, _ = make(runtime)
    page = pages.submit(pages.get(f"{path}/register"), email="samira", action="/register")

    assert page.status == 422 and page.find_error("email")
    assert page.find_field("last_name").get("value") == "Bennani"


def test_who_declines_may_say_why_and_change_her_mind(pages, runtime):
    path, _ = make(runtime)
    declined = pages.follow(pages.submit(pages.get(path), reason="En mission.", action="/decline"))

    assert "Vous avez décliné l’invitation." in declined.words
    invited = read(runtime, Invitation)
    assert (invited.state, invited.decline_reason) == (InvitationState.DECLINED, "En mission.")
    pages.submit(pages.get(f"{path}/register"), action="/register")
    assert read(runtime, Invitation).state is InvitationState.ACCEPTED


@pytest.mark.parametrize(
    ("trusts", "status"),
    [(True, RegistrationStatus.CONFIRMED), (False, RegistrationStatus.PENDING)],
)
def test_where_each_is_decided_on_who_is_invited_may_be_trusted(pages, runtime, trusts, status):
    path, _ = make(runtime, approval=True, trusts_invited=trusts)
    pages.submit(pages.get(f"{path}/register"), action="/register")

    assert read(runtime, Registration).status is status


def test_registrations_that_are_closed_are_closed_to_the_invited_too(pages, runtime, clock):
    path, _ = make(runtime)
    clock.now = NOW.replace(month=11, day=20)

    page = pages.get(path)
    assert "terminé" in page.words and "Je participe" not in page.words
    assert pages.get(f"{path}/register").status == 303


def test_an_arabic_reader_reads_arabic(pages, runtime):
    person = Person("Bennani", "Samira", "samira@example.org", language=Language.ARABIC)
    path, no_invitations = make(runtime, person=person)

    assert pages.get(path).tree.get("lang") == "ar"
    assert pages.get(no_invitations).tree.get("dir") == "rtl"


def test_who_wants_her_data_erased_is_asked_once_and_then_nothing_is_left(pages, runtime):
    path, _ = make(runtime)
    asked = pages.get(f"{path}/erase")
    assert read(runtime, Contact) is not None

    done = pages.submit(asked, action="/erase")

    assert done.status == 303
    assert read(runtime, Contact) is None and read(runtime, ContactCard) is None
    assert pages.get(path).status == 404


def test_one_click_stops_invitations_of_all_institutions_and_can_be_taken_back(pages, runtime):
    _, path = make(runtime)
    assert "Vous recevez des invitations" in pages.get(path).words

    answer = pages.post(path, {"List-Unsubscribe": "One-Click"})

    assert answer.status == 200 and "Vous ne recevez plus d’invitations" in answer.words
    with runtime.reading() as tx:
        blocks = suppressions.list_blocks(tx, ["samira@example.org"], now=NOW)
        assert [one.scope for one in blocks["samira@example.org"]] == ["invitations"]
    again = pages.follow(pages.submit(pages.get(path), {"wanted": "every"}, action=path))
    assert "Vous recevez des invitations" in again.words


@pytest.mark.parametrize("ending", ["", "/register", "/erase"])
def test_a_link_that_is_none_of_ours_is_not_found(pages, runtime, ending):
    path, no_invitations = make(runtime)

    assert pages.get(f"/i/x{ending}").status == 404
    assert pages.get(f"/i/{no_invitations.removeprefix('/u/')}{ending}").status == 404
    assert pages.get(f"/r/{path.removeprefix('/i/')}").status == 404
    assert pages.post(f"/i/x{ending or '/decline'}").status in {404, 405}


def test_the_mail_is_the_invitation_alone_until_it_is_answered(pages, runtime):
    make(runtime)

    assert read(runtime, Delivery.template) is MailName.INVITATION
