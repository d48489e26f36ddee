"""The pages of those who organise: one guard before all of them."""

from flask import Blueprint, Flask

from webinars.web.organiser import (
    additions,
    answers,
    changes,
    corrections,
    deliveries,
    eventfiles,
    events,
    exports,
    guard,
    history,
    mailings,
    reconfirmations,
    registrations,
    sign_in,
    substitutes,
    words,
)

NOUNS = (
    sign_in,
    events,
    eventfiles,
    registrations,
    additions,
    answers,
    corrections,
    substitutes,
    mailings,
    deliveries,
    exports,
    changes,
    history,
    reconfirmations,
)


def register(app: Flask) -> None:
    """Hang the organisers' pages into the application."""
    guard.set_up(app)
    organiser = Blueprint("organiser", __name__, url_prefix="/organiser")
    organiser.before_request(guard.require_sign_in)
    words.set_up(organiser)
    for noun in NOUNS:
        organiser.register_blueprint(noun.blueprint)
    app.register_blueprint(organiser)
