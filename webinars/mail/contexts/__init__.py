"""What each mail may say: one dataclass a mail, whose fields are all that its templates see.

Everything is already in words and in the reader's language: hours with their cities, names, links.
Templates choose words and order; they never work anything out. A mail about something new gets a
module of its own here, and a line in `CONTEXTS`.
"""

from webinars.mail.contexts.accounts import (
    AccountContext,
    AccountLinkContext,
    ListReady,
    NewPasswordLink,
    OrganiserInvitation,
    SignInChanged,
    SignInLink,
)
from webinars.mail.contexts.changes import (
    CalendarDeclined,
    ChangeContext,
    EventCancelled,
    EventChanged,
    EventMoved,
    EventPostponed,
    ReconfirmReminder,
    Represented,
)
from webinars.mail.contexts.facts import (
    About,
    DayLine,
    EventContext,
    EventFacts,
    LinkContext,
    LinkFacts,
    MailContext,
    PersonalContext,
    PersonFacts,
    PlaceFacts,
    ProgrammeFacts,
    ReconfirmFacts,
    SessionChange,
    SessionLine,
    SignatoryLine,
)
from webinars.mail.contexts.messages import Message, MessageFacts, WrittenBlock, WrittenRun
from webinars.mail.contexts.organisers import (
    ChangeRequested,
    RoomMissing,
    ZoneChanged,
)
from webinars.mail.contexts.persons import (
    CalendarDay,
    Confirmation,
    ConnectionLink,
    OwnLink,
    PracticalInformation,
    RegistrationCancelled,
    RegistrationDeclined,
    RegistrationReceived,
    Reminder,
    Thanks,
    WaitingList,
)
from webinars.models import MailName

__all__ = [
    "CONTEXTS",
    "About",
    "AccountContext",
    "AccountLinkContext",
    "CalendarDay",
    "CalendarDeclined",
    "ChangeContext",
    "ChangeRequested",
    "Confirmation",
    "ConnectionLink",
    "DayLine",
    "EventCancelled",
    "EventChanged",
    "EventContext",
    "EventFacts",
    "EventMoved",
    "EventPostponed",
    "LinkContext",
    "LinkFacts",
    "ListReady",
    "MailContext",
    "Message",
    "MessageFacts",
    "NewPasswordLink",
    "OrganiserInvitation",
    "OwnLink",
    "PersonFacts",
    "PersonalContext",
    "PlaceFacts",
    "PracticalInformation",
    "ProgrammeFacts",
    "ReconfirmFacts",
    "ReconfirmReminder",
    "RegistrationCancelled",
    "RegistrationDeclined",
    "RegistrationReceived",
    "Reminder",
    "Represented",
    "RoomMissing",
    "SessionChange",
    "SessionLine",
    "SignInChanged",
    "SignInLink",
    "SignatoryLine",
    "Thanks",
    "WaitingList",
    "WrittenBlock",
    "WrittenRun",
    "ZoneChanged",
]

CONTEXTS: dict[MailName, type[MailContext]] = {
    context.mail: context
    for context in (
        Confirmation,
        CalendarDay,
        WaitingList,
        RegistrationReceived,
        RegistrationDeclined,
        RegistrationCancelled,
        OwnLink,
        Reminder,
        PracticalInformation,
        ConnectionLink,
        Thanks,
        RoomMissing,
        EventMoved,
        EventChanged,
        EventPostponed,
        EventCancelled,
        Represented,
        ReconfirmReminder,
        CalendarDeclined,
        ChangeRequested,
        ZoneChanged,
        OrganiserInvitation,
        SignInLink,
        NewPasswordLink,
        SignInChanged,
        ListReady,
        Message,
    )
}
"""The context of each mail."""
