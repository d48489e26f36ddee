"""Letters to organisers about their own accounts: few, and each written by itself.

What such a mail is for stands in its intent (`webinars.accounts`); the token of its link is made
here and stored nowhere.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from webinars import accounts, events, list_reminders, organisers, phrasing
from webinars.database import Transaction
from webinars.letters.cases import Site, name_file
from webinars.letters.gathering import make_message_id
from webinars.mail import compose
from webinars.mail.compose import Letter, Texts
from webinars.mail.contexts import (
    AccountContext,
    ListReady,
    NewPasswordLink,
    OrganiserInvitation,
    SignInChanged,
    SignInLink,
)
from webinars.models import (
    ABOUT_ACCOUNTS,
    COMMAND_LINE,
    AccountChange,
    AccountLink,
    Delivery,
    Event,
    Grant,
    Language,
    MailName,
    Organiser,
)

ZONES = ("Europe/Paris", "Africa/Casablanca")
"""No event says in which zones its reader lives."""


class About(NamedTuple):
    """What a mail about an account says, as it was looked up."""

    organiser: Organiser
    link: AccountLink | None
    change: AccountChange | None
    inviter: str
    roles: tuple[str, ...]
    list: list_reminders.Told | None = None
    event: Event | None = None
    """Whose list is ready."""


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """A letter about an account, of which everything is known."""

    delivery_id: int
    template: MailName
    language: Language
    recipient: str
    created_at: datetime
    about: About
    site: Site
    message_id: str

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
                reply_to=None,
                subject=texts.subject,
                recipient=self.recipient,
                message_id=self.message_id,
                date=self.created_at,
                text=compose.encode(texts.text),
                html=compose.encode(texts.html),
            )
        )

    def read(self) -> Texts:
        """Return its words."""
        return compose.write(_say(self), self.language)


def prepare(tx: Transaction, delivery_ids: Collection[int], site: Site) -> dict[int, AccountDraft]:
    """Prepare the letters of those deliveries that are about accounts."""
    found = tx.scalars(
        select(Delivery).where(Delivery.id.in_(delivery_ids), Delivery.template.in_(ABOUT_ACCOUNTS))
    )
    drafts = {}
    for one in found:
        about = _look_up(tx, one.intent, one.language)
        if about is not None:
            drafts[one.id] = AccountDraft(
                delivery_id=one.id,
                template=one.template,
                language=one.language,
                recipient=one.email,
                created_at=one.created_at,
                about=about,
                site=site,
                message_id=make_message_id(one.id, site),
            )
    return drafts


def _look_up(tx: Transaction, intent: str, language: Language) -> About | None:
    ready = list_reminders.read_intent(intent)
    if ready is not None:
        reader = organisers.find_by_id(tx, ready.organiser_id)
        event = events.get_by_id(tx, ready.event_id)
        return None if reader is None else About(reader, None, None, "", (), ready, event)
    told = accounts.read_intent(intent)
    link = tx.scalar(select(AccountLink).where(AccountLink.public_id == told.link_public_id))
    organiser_id = link.organiser_id if link else told.organiser_id
    organiser = None if organiser_id is None else organisers.find_by_id(tx, organiser_id)
    if organiser is None:
        return None
    inviter = organiser.grants[0].granted_by if organiser.grants else COMMAND_LINE
    return About(
        organiser,
        link,
        told.change,
        _name(tx, inviter),
        tuple(_say_role(tx, one, language) for one in organiser.grants),
    )


def _name(tx: Transaction, address: str) -> str:
    """Name who invites; the command line is nobody."""
    if address == COMMAND_LINE:
        return ""
    inviter = organisers.find(tx, address)
    return inviter.name or address if inviter else address


def _say_role(tx: Transaction, grant: Grant, language: Language) -> str:
    role = phrasing.organiser_role_label(grant.role, language)
    if grant.event_id is None:
        return role
    return f"{role} – {events.get_by_id(tx, grant.event_id).title.into(language)}"


def _say(draft: AccountDraft) -> AccountContext:
    about, site, language = draft.about, draft.site, draft.language
    common = {
        "name": about.organiser.name,
        "email": about.organiser.email,
        "service_url": f"{site.links.base_url}/organiser/",
    }
    if draft.template is MailName.SIGN_IN_CHANGED and about.change is not None:
        at = phrasing.instant(draft.created_at, ZONES, language)
        return SignInChanged(what=about.change, at=at, **common)
    if about.list is not None and about.event is not None:
        return ListReady(
            event_title=about.event.title.into(language),
            event_when=phrasing.when(about.event, language),
            added=about.list.added,
            total=about.list.total,
            list_url=f"{site.links.base_url}/organiser/events/{about.event.slug}/exports",
            **common,
        )
    if about.link is None:
        raise ValueError("a link that is not there any more")
    linked = common | {
        "link_url": site.links.account_url(about.link.public_id),
        "expires": phrasing.instant(about.link.expires_at, ZONES, language),
    }
    if draft.template is MailName.SIGN_IN_LINK:
        return SignInLink(**linked)
    if draft.template is MailName.NEW_PASSWORD_LINK:
        return NewPasswordLink(**linked)
    institution = about.organiser.institution
    return OrganiserInvitation(
        institution="" if institution is None else institution.name,
        inviter=about.inviter,
        roles=about.roles,
        **linked,
    )
