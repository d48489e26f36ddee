"""The pages of refusals and faults that no view shows by itself.

What is said is the table in `webinars.web.errors`. What nobody foresaw is a 500 that says so and
shows nothing of the inside.
"""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from webinars import errors
from webinars.errors import WebinarsError
from webinars.web.errors import explain
from webinars.web.headers import is_token_page
from webinars.web.languages import gettext as _

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10


def set_up(app: Flask) -> None:
    """Answer every refusal and every fault with a page."""
    app.jinja_env.globals["lost_form_sentence"] = lost_form_sentence
    app.register_error_handler(WebinarsError, show_refusal)
    app.register_error_handler(CSRFError, show_lost_form)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(OperationalError, show_busy)
    app.register_error_handler(Exception, show_fault)


def show_refusal(error: WebinarsError) -> tuple[str, int]:
    """Show a refusal that no view has shown by itself."""
    if isinstance(error, errors.NotFound):
        return show_not_found()
    if isinstance(error, errors.Forbidden):
        return show_forbidden()
    refusal = explain(error)
    return _page(refusal.status, _("Ce n’est pas possible"), refusal.sentence), refusal.status


def show_not_found() -> tuple[str, int]:
    """Show that nothing is at that address; for a personal link, what can be done about it."""
    if is_token_page(request.path):
        return render_template("errors/unknown_link.html"), HTTPStatus.NOT_FOUND
    if "slug" in (request.view_args or {}) and request.path.startswith("/organiser/"):
        return _show_event_not_seen()
    sentence = _("L’adresse est peut-être incomplète, ou la page n’existe plus.")
    return _page(404, _("Page introuvable"), sentence), HTTPStatus.NOT_FOUND


def show_forbidden() -> tuple[str, int]:
    """Say that one may not do that, or no longer, and give back what was typed."""
    sentence = _(
        "Votre rôle ne le permet pas, ou ne le permet plus : il a peut-être changé pendant que la"
        " page était ouverte. Une personne responsable de l’événement ou de votre institution peut"
        " vous donner ce rôle."
    )
    title = _("Vous n’avez pas ce droit")
    page = render_template(
        "errors/forbidden.html",
        page_title=title,
        sentence=sentence,
        typed=_list_typed(),
        is_seen=True,
    )
    return page, HTTPStatus.FORBIDDEN


def _show_event_not_seen() -> tuple[str, int]:
    """Say that there is no such event, or that one has no access to it; nobody is told which."""
    sentence = _(
        "Il n’y a pas d’événement à cette adresse, ou vous n’y avez pas accès. Si vous y aviez"
        " accès, votre rôle a peut-être été retiré : demandez à une personne responsable."
    )
    page = render_template(
        "errors/forbidden.html",
        page_title=_("Page introuvable"),
        sentence=sentence,
        typed=_list_typed(),
        is_seen=False,
    )
    return page, HTTPStatus.NOT_FOUND


def _list_typed() -> list[tuple[str, str]]:
    """List what was typed into a form that was refused; never what is secret."""
    secret = {"csrf_token", "password", "present", "code"}
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in secret and value.strip()
    ]


def show_lost_form(error: CSRFError) -> tuple[str, int]:
    """Show that a form was sent without its proof, and that nothing was changed."""
    return _page(400, _("Le formulaire n’a pas pu être vérifié"), lost_form_sentence()), 400


def lost_form_sentence() -> str:
    """Return what is said when a form comes back without its proof."""
    return _(
        "La page était ouverte depuis longtemps, ou votre navigateur refuse les cookies : rien"
        " n’a encore été envoyé. Vérifiez vos réponses, puis envoyez le formulaire à nouveau."
    )


def show_http_error(error: HTTPException) -> Any:
    """Show an error of the protocol with a page of ours."""
    status = error.code or 500
    if status < 400:
        return error
    if status == HTTPStatus.NOT_FOUND:
        return show_not_found()
    title, sentence = _http_words(status)
    response = error.get_response()
    response.data = _page(status, title, sentence)
    response.content_type = "text/html; charset=utf-8"
    return response


def show_busy(error: OperationalError) -> tuple[str, int, dict[str, str]]:
    """Say that the database is away or held by someone else, and that a second try may do."""
    logger.error("database unavailable: endpoint=%s error=%s", request.endpoint, error.orig)
    wait = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return _page(503, *_http_words(503)), HTTPStatus.SERVICE_UNAVAILABLE, wait


def show_fault(error: Exception) -> tuple[str, int]:
    """Record what nobody foresaw, and say that it is our fault."""
    logger.exception("request failed: endpoint=%s", request.endpoint)
    return _page(500, *_http_words(500)), 500


def _page(status: int, title: str, sentence: str) -> str:
    return render_template("errors/page.html", status=status, page_title=title, sentence=sentence)


def _http_words(status: int) -> tuple[str, str]:
    words = {
        400: (
            _("La demande est incompréhensible"),
            _("Revenez à la page précédente et essayez à nouveau."),
        ),
        403: (_("Accès refusé"), _("Vous n’avez pas le droit de voir cette page.")),
        405: (
            _("Cette adresse ne s’utilise pas ainsi"),
            _("Repartez de la page de l’événement."),
        ),
        413: (
            _("C’est trop volumineux"),
            _(
                "Ce que vous avez envoyé dépasse la taille permise. Raccourcissez le texte ou"
                " réduisez le fichier, puis essayez à nouveau."
            ),
        ),
    }
    ours = (
        _("Une erreur est survenue chez nous"),
        _("Rien n’a été enregistré. Essayez à nouveau dans quelques minutes."),
    )
    return words.get(status, words[400] if status < 500 else ours)
