"""What the tests about mail share: deliveries added and looked at, and journals of the dead."""

from sqlalchemy import select

from tests.factories import NOW
from webinars import deliveries
from webinars.mail.journal import Entry, Remains
from webinars.models import Delivery, Language, MailName


def add(tx, event, name="a", *, template=MailName.OWN_LINK, now=NOW, **values):
    """Add a delivery whose intent and address are made of a short name."""
    defaults = {"email": f"{name}@example.org", "language": Language.FRENCH}
    return deliveries.add(
        tx,
        intent=f"test of {name}",
        event_id=event.id,
        template=template,
        now=now,
        **defaults | values,
    )


def get(tx, name):
    """Return the delivery of a short name, as it is by now."""
    query = select(Delivery).where(Delivery.intent == f"test of {name}")
    return tx.scalars(query.execution_options(populate_existing=True)).one()


def list_all(tx, template=None, *, event=None):
    """List deliveries as they are by now, oldest first."""
    query = select(Delivery).order_by(Delivery.id).execution_options(populate_existing=True)
    if template is not None:
        query = query.where(Delivery.template == template)
    if event is not None:
        query = query.where(Delivery.event_id == event.id)
    return list(tx.scalars(query))


def make_remains(owner, *entries, is_whole=True):
    """Make what a dead worker left: entries are (delivery, epoch, mark, reply)."""
    read = [Entry(*entry) for entry in entries]
    return Remains(owner, is_whole, {entry.delivery_id: entry for entry in read})
