"""What the states of deliveries mean together, and the words that say why one was given up."""

from webinars.models import DeliveryState

GIVEN_UP = (DeliveryState.CANCELLED, DeliveryState.EXPIRED, DeliveryState.SUPPRESSED)
"""States of what was never sent and never will be."""
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)
TAKEN = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
MISSED = (
    DeliveryState.BOUNCED,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
    DeliveryState.EXPIRED,
    DeliveryState.SUPPRESSED,
)
"""States of what is over and not known to have arrived; what was given up is none of these."""
SUPERSEDED = "superseded"
"""The reply of what was given up because a later mail says more."""
MAILING_CANCELLED = "mailing-cancelled"
"""The reply of what was given up with its mailing."""
EVENT_CANCELLED = "event-cancelled"
EVENT_POSTPONED = "event-postponed"
OFF = (EVENT_CANCELLED, EVENT_POSTPONED, MAILING_CANCELLED)
"""The replies of what made no sense while its event, or its mailing with it, was off."""
DROPPED = (DeliveryState.CANCELLED, DeliveryState.UNCERTAIN)
"""What becomes of it, in a worker's hand: of what may have left, nobody can tell."""
TOO_LATE = "too-late"
"""The reply of what was not sent in time."""
