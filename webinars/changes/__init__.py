"""Changes of an event after people could see it: who makes them, what is planned anew, who is told.

One transaction changes the event, remembers what people were shown until then, gives up what is no
longer true and adds a delivery for each person concerned. What a person is told compares what she
knew with what is true when the mail leaves: two changes within their quiet time are one mail, and
none where they undo each other. A preview is the same call in `runtime.rehearsal()`.

What one person changes of her own registration is `webinars.corrections`.
"""

from webinars.changes.coming import Coming, find_last, find_mail, list_coming, send_now, withdraw
from webinars.changes.deeds import (
    cancel,
    cancel_session,
    change_sessions,
    edit,
    load,
    move,
    place,
    postpone,
    reopen,
    rezone,
)
from webinars.changes.drift import alert, list_drifted
from webinars.changes.history import (
    ChangeRow,
    MailRow,
    UnreachedRow,
    Why,
    list_changes,
    list_mails,
    list_unreached,
)
from webinars.changes.pictures import restore, take_picture
from webinars.changes.settling import (
    Question,
    find_reminded_at,
    list_due,
    list_questions,
    list_unanswered,
    remind,
    settle,
)
from webinars.changes.values import (
    Concerned,
    Dates,
    NotTold,
    Order,
    Outlook,
    Reconfirm,
    Sitting,
    Told,
)
from webinars.models import COMMAND_LINE

__all__ = [
    "COMMAND_LINE",
    "ChangeRow",
    "Coming",
    "Concerned",
    "Dates",
    "MailRow",
    "NotTold",
    "Order",
    "Outlook",
    "Question",
    "Reconfirm",
    "Sitting",
    "Told",
    "UnreachedRow",
    "Why",
    "alert",
    "cancel",
    "cancel_session",
    "change_sessions",
    "edit",
    "find_last",
    "find_mail",
    "find_reminded_at",
    "list_changes",
    "list_coming",
    "list_drifted",
    "list_due",
    "list_mails",
    "list_questions",
    "list_unanswered",
    "list_unreached",
    "load",
    "move",
    "place",
    "postpone",
    "remind",
    "reopen",
    "restore",
    "rezone",
    "send_now",
    "settle",
    "take_picture",
    "withdraw",
]
