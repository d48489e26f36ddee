"""Who gets to which page: every role, at every address, by every verb, against `rights.may`.

`golden/rights.txt` is the whole table as a reviewer reads it: a new page is a new line there, and a
right that changed is seen (`pytest tests/web/organiser/test_rights.py --refresh-golden`).
"""

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.factories import NOW, make_event, make_institution, make_registration
from tests.web.conftest import Page, StandingClock, make_settings
from tests.web.organiser.conftest import SLUG
from webinars import events, mailings, organisers, rights, sign_ins
from webinars.database import Database
from webinars.errors import Forbidden, NotFound
from webinars.models import COMMAND_LINE, Institution, OrganiserRole, Share, SignInMethod
from webinars.rights import Act
from webinars.runtime import open_runtime
from webinars.web import create_app
from webinars.web.organiser import acts
from webinars.web.organiser.acts import Door

VALUES = {
    "slug": SLUG,
    "institution_id": 1,
    "wanted": "link",
    "token": "x",
    "name": "cancel",
    "code": "ouverture",
}
"""What stands in addresses. Other parts are numbers, and there is a 1 of each."""

IN, FORBIDDEN, UNSEEN, AWAY = "o", "-", ".", ">"
LEGEND = """\
Who gets where: o is let in; - is told that she may not; . is told that there is nothing; > is sent
to the sign-in. Pages of an institution are those of another institution than the reader's, but for
who holds a role at the event alone.

 1  nobody who has signed in
 2  who runs the service
 3  the owner of an institution that does not take part
 4-10  with a role at the event alone: owner, editor, registrations, check-in, reader,
       validator for the French side, for the Moroccan side
11-17  with the same roles in all of an institution that is shared everything
18-24  that is shared the lists
25-31  that is shared the figures
"""


@dataclass
class Person:
    """Someone at the door."""

    organiser_id: int | None
    key: str = ""


@dataclass
class World:
    """An application whose doors are real and behind which nothing happens, and who comes."""

    app: object
    runtime: object
    people: list


@pytest.fixture(scope="module")
def world(sqlite_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rights")
    path = folder / "webinars.db"
    path.write_bytes(sqlite_template.read_bytes())
    runtime = open_runtime(make_settings(f"sqlite:///{path}", folder), StandingClock(NOW))
    people = fill(runtime.database)
    yield World(create_app(runtime), runtime, people)
    runtime.close()


@pytest.fixture
def doors(world):
    """Return an application of which only the doors are real."""
    app = create_app(world.runtime)
    app.config["WTF_CSRF_ENABLED"] = False  # so that it is the guard that decides
    # What a refusal looks like is no question here, and takes most of the time.
    for error, status in ((Forbidden, 403), (NotFound, 404)):
        app.register_error_handler(error, lambda _error, status=status: ("", status))
    for endpoint in app.view_functions:
        if endpoint.startswith("organiser."):
            app.view_functions[endpoint] = lambda **_: ("", 204)
    return app


def fill(database: Database):
    """Make an event, three institutions shared more or less, and an organiser of each kind."""
    with database.transaction() as tx:
        own = {
            "FR": make_institution(tx, "DAECT"),
            "MA": make_institution(tx, "DGCT", country="MA"),
        }
        shared = {
            (share, country): make_institution(tx, f"{share}-{country}", country=country)
            for share in Share
            for country in ("FR", "MA")
        }
        other = make_institution(tx, "CUF")
        event = make_event(tx, SLUG, institutions=[*own.values(), *shared.values()])
        for part in event.institutions:
            name = part.institution.acronym.partition("-")[0]
            part.share = Share(name) if name in set(Share) else Share.FIGURES
        tx.refresh(event, ["sessions", "questions"])
        mailings.plan(tx, event, now=NOW)
        make_registration(tx, event)
        people = [Person(None), add(tx, None), add(tx, other, OrganiserRole.OWNER)]
        people += [add(tx, own[side(role)], role, event=event) for role in OrganiserRole]
        people += [
            add(tx, shared[share, side(role)], role) for share in Share for role in OrganiserRole
        ]
        return people


def side(role):
    """Return the country of an institution whose organiser may hold a role."""
    return rights.SIDES.get(role, "FR")


def add(tx, institution, role=None, event=None):
    """Add an organiser who is signed in: with a role, or who runs the service."""
    organiser = organisers.add_invited(
        tx,
        f"{institution and institution.acronym}-{role}@example.org".lower(),
        institution=institution,
        now=NOW,
    )
    organiser.runs_service = institution is None
    if role is not None:
        organisers.grant(organiser, role, by=COMMAND_LINE, now=NOW, event=event)
    begun = sign_ins.begin(tx, organiser.id, SignInMethod.PASSWORD, "", now=NOW)
    return Person(organiser.id, begun.key)


def open_browser(app, person):
    """Return a browser in which someone is signed in, or nobody."""
    client = app.test_client()
    if person.organiser_id is not None:
        with client.session_transaction() as session:
            session.update(
                _user_id=str(person.organiser_id),
                sign_in=person.key,
                generation=0,
                began_at=int(NOW.timestamp()),
                seen_at=int(NOW.timestamp()),
            )
    return client


def list_addresses(app):
    """List every organisers' page: its name, the verb, and an address with a sample in it."""
    adapter = app.url_map.bind("localhost")
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: (one.endpoint, one.rule)):
        if rule.endpoint.startswith("organiser."):
            values = {name: VALUES.get(name, 1) for name in rule.arguments}
            path = adapter.build(rule.endpoint, values, method=min(rule.methods - {"OPTIONS"}))
            for verb in sorted(rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                yield rule.endpoint, verb, path, rule.arguments


class Oracle:
    """What `rights.may` says of one person."""

    def __init__(self, tx, person):
        self.tx = tx
        number = person.organiser_id
        self.organiser = None if number is None else organisers.get(tx, number)
        self.event = events.get(tx, SLUG)
        self.institution = tx.get(Institution, VALUES["institution_id"])
        self.sees = self.organiser and rights.may(self.organiser, Act.SEE_EVENT, event=self.event)

    def expect(self, endpoint, arguments):
        """Say what is to come of her asking for a page."""
        entry = acts.get_entry(endpoint)
        if entry is Door.OPEN:
            return IN
        if self.organiser is None:
            return AWAY
        if entry is Door.SIGNED_IN:
            return IN
        if "slug" in arguments and not self.sees:
            return UNSEEN
        place = {}
        if "slug" in arguments:
            place = {"event": self.event}
        elif "institution_id" in arguments:
            number = arguments["institution_id"] if isinstance(arguments, dict) else None
            same = number is None or number == self.institution.id
            place = {"institution": self.institution if same else self.tx.get(Institution, number)}
        return IN if rights.may(self.organiser, entry, **place) else FORBIDDEN


def read(answer):
    """Say what an answer amounts to, behind whose door nothing is."""
    if answer.status_code == 204:
        return IN
    if answer.status_code == 303 and "/organiser/sign-in" in answer.headers["Location"]:
        return AWAY
    return {403: FORBIDDEN, 404: UNSEEN}[answer.status_code]


def test_every_page_lets_in_whom_the_rights_let_in_and_the_table_is_as_reviewed(
    world, doors, golden
):
    lines, wrong = [], []
    with world.runtime.reading() as tx:
        addresses = list(list_addresses(doors))
        found = defaultdict(str)
        for person in world.people:
            client, oracle = open_browser(doors, person), Oracle(tx, person)
            for endpoint, verb, path, arguments in addresses:
                is_so = read(client.open(path, method=verb))
                found[endpoint, verb, path] += is_so
                if is_so != oracle.expect(endpoint, arguments):
                    wrong.append((endpoint, verb, world.people.index(person) + 1, is_so))
    assert not wrong
    for (endpoint, verb, _), row in found.items():
        groups = (row[:3], row[3:10], row[10:17], row[17:24], row[24:])
        entry = acts.get_entry(endpoint)
        said = f"{endpoint.removeprefix('organiser.')}  {verb}"
        lines.append(f"{'  '.join(groups)}  {said:<44} {entry.value}")
    golden("rights.txt", LEGEND + "\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize("number", range(1, 10))
def test_a_page_that_is_looked_at_says_the_same_again_behind_the_door(world, number):
    person, app = world.people[number], world.app
    client = open_browser(app, person)
    with world.runtime.reading() as tx:
        oracle = Oracle(tx, person)
        for endpoint, verb, path, arguments in list_addresses(app):
            if verb != "GET" or acts.get_entry(endpoint) is Door.OPEN:
                continue
            expected = oracle.expect(endpoint, arguments)
            status = client.get(path).status_code
            assert status < 500, (endpoint, status)
            if expected is IN:
                # What is not there, or not in that state, is no question of rights.
                assert status != 403, endpoint
            else:
                assert status == {FORBIDDEN: 403, UNSEEN: 404}[expected], endpoint


OFFERING = ("events.listing", "events.show", "registrations.listing", "registrations.show")
"""Pages that show only what their reader may do."""


@pytest.mark.parametrize("number", range(1, 10))
def test_nothing_is_offered_that_one_may_not_do(world, number):
    person, app = world.people[number], world.app
    client, adapter = open_browser(app, person), app.url_map.bind("localhost")
    offered = set()
    with world.runtime.reading() as tx:
        oracle = Oracle(tx, person)
        for endpoint, verb, path, arguments in list_addresses(app):
            is_in = oracle.expect(endpoint, arguments) is IN
            if endpoint.removeprefix("organiser.") in OFFERING and verb == "GET" and is_in:
                page = Page(path, client.get(path))
                page.check()
                for link in page.find_all("a") + page.find_all("form"):
                    target = urlsplit(link.get("href") or link.get("action") or "").path
                    if target.startswith("/organiser"):
                        verb_there = (link.get("method") or "get").upper()
                        found, values = adapter.match(target, verb_there)
                        if oracle.expect(found, values) is not IN:
                            offered.add((endpoint, found))
    assert sorted(offered) == []
