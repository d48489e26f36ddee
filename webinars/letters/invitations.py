"""Letters to people who are asked to an event: each written by itself, from her invitation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webinars import phrasing
from webinars.database import Transaction
from webinars.letters import facts
from webinars.letters.cases import Site, name_file
from webinars.letters.gathering import SAMPLE_PUBLIC_ID, make_message_id
from webinars.letters.rows import Row
from webinars.links import Links
from webinars.mail import compose
from webinars.mail.compose import Letter, Texts
from webinars.mail.contexts import (
    Invitation,
    InvitationReminder,
    InvitedFacts,
    SignatoryLine,
)
from webinars.models import Civility, Delivery, Event, Language, MailName, Mode
from webinars.models import Invitation as InvitationRow


@dataclass(frozen=True, slots=True)
class Invited:
    """Who is asked, as her invitation keeps it."""

    public_id: str
    generation: int
    salutation: str
    civility: Civility
    inviter: str


@dataclass(frozen=True, slots=True)
class InvitationDraft:
    """A letter that asks someone to an event, of which everything is known."""

    delivery_id: int
    template: MailName
    language: Language
    recipient: str
    created_at: datetime
    is_test: bool
    invited: Invited
    event: Event
    site: Site

    @property
    def name(self) -> str:
        """Return the name of its file: the same one whenever it is sent again."""
        return name_file(self.created_at, self.delivery_id, self.template)

    def compose(self) -> bytes:
        """Return the message as it is sent: the same bytes however often it is asked for."""
        texts = self.read()
        return compose.compose(
            Letter(
                language=self.language,
                sender=self.site.sender,
                reply_to=facts.find_reply_to(self.event),
                subject=texts.subject,
                recipient=self.recipient,
                message_id=make_message_id(self.delivery_id, self.site),
                date=self.created_at,
                text=compose.encode(texts.text),
                html=compose.encode(texts.html),
                unsubscribe_url=None if self.is_test else self._unsubscribe_url,
            )
        )

    def read(self) -> Texts:
        """Return its words."""
        context = Invitation if self.template is MailName.INVITATION else InvitationReminder
        event, language = self.event, self.language
        links = self.site.links
        said = context(
            event=facts.say_event_of(event, language, links.event_url(event.slug)),
            person=InvitedFacts(
                salutation=compose.clean(
                    self.invited.salutation or phrasing.salutation(self.invited.civility, language)
                ),
                inviter=self.invited.inviter,
                page_url=links.invitation_url(self.invited.public_id, self.invited.generation),
                unsubscribe_url=self._unsubscribe_url,
            ),
            venue=_say_venue(event, language),
            by=_say_deadline(event, language),
            has_documents=bool(event.documents),
            signatories=tuple(
                SignatoryLine(one.name, one.title, one.institution) for one in event.signatories
            ),
            rights=event.notice.rights_contact,
        )
        return compose.write(said, language, is_test=self.is_test)

    @property
    def _unsubscribe_url(self) -> str:
        invited = self.invited
        links = self.site.links
        return links.no_invitations_url(invited.public_id, invited.generation)


def prepare(
    tx: Transaction, rows: Sequence[Row], events: Mapping[int, Event], site: Site
) -> dict[int, InvitationDraft]:
    """Prepare the letters of deliveries that ask someone to an event, or show what they would say.

    :param rows: what is known of the deliveries.
    """
    rows_of = tx.execute(
        select(Delivery.id, InvitationRow)
        .join(InvitationRow, InvitationRow.id == Delivery.invitation_id)
        .where(Delivery.id.in_([row.delivery_id for row in rows]))
        .options(joinedload(InvitationRow.institution))
    )
    found: dict[int, InvitationRow] = {one.id: one.Invitation for one in rows_of}
    drafts = {}
    for row in rows:
        invitation = found.get(row.delivery_id)
        event = events[row.event_id]
        is_test = row.intent.startswith("test:")
        if invitation is None and not is_test:
            continue
        drafts[row.delivery_id] = InvitationDraft(
            delivery_id=row.delivery_id,
            template=row.template,
            language=row.language,
            recipient=row.recipient,
            created_at=row.created_at,
            is_test=is_test,
            invited=invent(event) if invitation is None else _read(invitation, event),
            event=event,
            site=site,
        )
    return drafts


def preview(
    event: Event, mail: MailName, language: Language, *, inviter: str, links: Links
) -> Texts:
    """Return what the mail says to an invented person."""
    draft = InvitationDraft(
        delivery_id=0,
        template=mail,
        language=language,
        recipient="",
        created_at=event.created_at,
        is_test=False,
        invited=invent(event, inviter),
        event=event,
        site=Site(links, links.host, ""),
    )
    return draft.read()


def invent(event: Event, inviter: str = "") -> Invited:
    """Invent whom a test is about: nobody is asked by it, and its links lead nowhere."""
    first = event.institutions[0].name if event.institutions else ""
    return Invited(SAMPLE_PUBLIC_ID, 0, "", Civility.MADAME, inviter or first)


def _read(invitation: InvitationRow, event: Event) -> Invited:
    """Read who is asked; the institution has the name that it had for the event."""
    names = {one.institution_id: one.name for one in event.institutions}
    return Invited(
        public_id=invitation.public_id,
        generation=invitation.link_generation,
        salutation=invitation.salutation,
        civility=invitation.civility,
        inviter=names.get(invitation.institution_id, invitation.institution.name),
    )


def _say_venue(event: Event, language: Language) -> str:
    if event.mode is Mode.ONLINE or event.venue is None:
        return ""
    return phrasing.place(event.venue, language)


def _say_deadline(event: Event, language: Language) -> str:
    if event.closes_local is None:
        return ""
    return phrasing.instant(event.closes_at, facts.list_zones(event), language)
