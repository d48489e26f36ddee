"""The pages of those who register: events, the form, the own page, the gate; and the outbox."""

from flask import Blueprint, Flask

from webinars.web.public import (
    events,
    feed,
    gate,
    health,
    invitations,
    outbox,
    own,
    reconfirmations,
    registrations,
    requests,
    substitutes,
    unsubscribe,
)

OF_ONE_PERSON = (
    own,
    substitutes,
    reconfirmations,
    requests,
    feed,
    gate,
    unsubscribe,
    invitations,
)
NOUNS = (events, registrations, *OF_ONE_PERSON, outbox, health)

CHECKED_BY_ITSELF = (registrations.blueprint,)
"""Its forms carry the proof as a field, so that one without it comes back as it was typed."""
WITHOUT_PROOF = tuple(noun.blueprint for noun in OF_ONE_PERSON)
"""There the token in the address is the authority, and there is no cookie that a proof could be
compared with."""


def register(app: Flask) -> None:
    """Hang the public pages into the application."""
    public = Blueprint("public", __name__)
    for noun in NOUNS:
        public.register_blueprint(noun.blueprint)
    app.register_blueprint(public)
    for blueprint in (*CHECKED_BY_ITSELF, *WITHOUT_PROOF):
        app.extensions["csrf"].exempt(blueprint)
