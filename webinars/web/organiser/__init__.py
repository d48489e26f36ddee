"""The pages of those who organise: one guard before all of them, and a right for each."""

from flask import Blueprint, Flask

from webinars.web.organiser import (
    account,
    account_links,
    acts,
    additions,
    answers,
    archives,
    arrivals,
    audiences,
    audits,
    bulk,
    changes,
    contact_imports,
    contact_words,
    contacts,
    corrections,
    creations,
    deliveries,
    documents,
    edits,
    eventfiles,
    events,
    exports,
    figures,
    guard,
    history,
    institutions,
    invitations,
    labels,
    mailings,
    merging,
    message_reviews,
    messages,
    navigation,
    organisers,
    organizations,
    papers,
    programmes,
    publications,
    questions,
    reconfirmations,
    registrations,
    roles,
    salutations,
    second_factors,
    sign_in,
    substitutes,
    usual,
    words,
)

NOUNS = (
    sign_in,
    account_links,
    account,
    second_factors,
    events,
    eventfiles,
    creations,
    edits,
    programmes,
    publications,
    questions,
    documents,
    registrations,
    audiences,
    additions,
    answers,
    corrections,
    substitutes,
    labels,
    bulk,
    merging,
    figures,
    arrivals,
    salutations,
    mailings,
    messages,
    message_reviews,
    usual,
    deliveries,
    exports,
    papers,
    archives,
    changes,
    history,
    reconfirmations,
    contacts,
    contact_imports,
    organizations,
    roles,
    audits,
    institutions,
    organisers,
    invitations,
)


def register(app: Flask) -> None:
    """Hang the organisers' pages into the application."""
    guard.set_up(app)
    organiser = Blueprint("organiser", __name__, url_prefix="/organiser")
    organiser.before_request(guard.require_right)
    organiser.after_request(guard.note_look)
    words.set_up(organiser)
    contact_words.set_up(organiser)
    app.jinja_env.globals["list_tabs"] = navigation.list_tabs
    for noun in NOUNS:
        acts.collect(noun)
        organiser.register_blueprint(noun.blueprint)
    app.register_blueprint(organiser)
    acts.require_complete(app)
