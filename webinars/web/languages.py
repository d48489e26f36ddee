"""Which language a page is written in.

`?lang=` wins and is remembered in a cookie; then `Accept-Language`, then French. On the pages that
a token opens there is no cookie at all: there `?lang=` wins, then the registration's own language.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from babel.support import Translations
from flask import Flask, Response, current_app, g, request, url_for
from flask_babel import Babel, get_domain, refresh
from flask_babel import gettext as translate
from flask_babel import lazy_gettext as N_
from flask_babel import ngettext as translate_count

from webinars.models import Language
from webinars.web.headers import is_token_page

__all__ = ["N_", "direction_of", "get_language", "gettext", "ngettext", "prefer", "set_up"]

NAMES = {Language.FRENCH: "Français", Language.ARABIC: "العربية", Language.ENGLISH: "English"}
COOKIE = "language"
REMEMBERED_FOR = timedelta(days=365)


def set_up(app: Flask) -> None:
    """Choose the language of each page, and remember one that was asked for."""
    Babel(
        app,
        default_locale=Language.FRENCH.value,
        default_translation_directories="../translations",
        locale_selector=lambda: get_language().value,
    )
    # Templates say some hundred words: the catalogue is looked for once in a page, not each time.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _get_catalogue().ugettext(text),
        lambda one, many, number: _get_catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.context_processor(_describe)
    app.after_request(_remember)
    app.url_defaults(_carry_on)


def get_language() -> Language:
    """Return the language of the page that is being written."""
    if "language" not in g:
        g.language = _choose()
    return Language(g.language)


def prefer(language: Language) -> None:
    """Write this page in the person's own language, unless another was asked for."""
    if _asked_for() is None:
        g.language = language
        g.pop("catalogue", None)
        refresh()


def gettext(text: str, **values: object) -> str:
    """Return a French text in the language of the page."""
    if not g:
        return str(translate(text, **values))
    said = str(_get_catalogue().ugettext(text))
    return said % values if values else said


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """Return a French text about a number of things in the language of the page."""
    return str(translate_count(one, many, number, **values))


def direction_of(language: Language) -> str:
    """Return the direction that a language is written in, as HTML names it."""
    return "rtl" if language is Language.ARABIC else "ltr"


def _get_catalogue() -> Translations:
    if "catalogue" not in g:
        g.catalogue = get_domain().get_translations()
    return g.catalogue  # type: ignore[no-any-return]


def _choose() -> Language:
    asked = _asked_for()
    if asked:
        return asked
    remembered = None if is_token_page(request.path) else _read(request.cookies.get(COOKIE))
    accepted = request.accept_languages.best_match([language.value for language in Language])
    return remembered or _read(accepted) or Language.FRENCH


def _asked_for() -> Language | None:
    return _read(request.args.get("lang"))


def _read(value: str | None) -> Language | None:
    return Language(value) if value in set(Language) else None


def _remember(response: Response) -> Response:
    if is_token_page(request.path) or request.endpoint == "static":
        return response
    response.vary.update(("Accept-Language", "Cookie"))
    asked = _asked_for()
    if asked and request.cookies.get(COOKIE) != asked.value:
        response.set_cookie(
            COOKIE,
            asked.value,
            max_age=REMEMBERED_FOR,
            path=current_app.config["APPLICATION_ROOT"],
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def _carry_on(endpoint: str, values: dict[str, Any]) -> None:
    """Keep a language that was asked for in the links of a page that remembers nothing."""
    asked = _asked_for() if request and is_token_page(request.path) else None
    if asked and endpoint != "static":
        values.setdefault("lang", asked.value)


def _describe() -> dict[str, object]:
    language = get_language()
    return {
        "language": language,
        "direction": direction_of(language),
        "language_links": [(other, NAMES[other], _link_to(other)) for other in Language],
    }


def _link_to(language: Language) -> str:
    """Return the address of this very page in another language."""
    if request.endpoint is None or request.url_rule is None:
        return f"?lang={language.value}"
    here = url_for(request.endpoint, **(request.view_args or {}), lang=language.value)
    # Beside the address, never through `url_for`: there `_scheme` or `endpoint` mean something.
    kept = [pair for pair in request.args.items(multi=True) if pair[0] != "lang"]
    return f"{here}&{urlencode(kept)}" if kept else here
