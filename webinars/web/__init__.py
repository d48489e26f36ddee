"""The pages: one application for those who register and those who organise.

`create_app` is a list of set-up calls; each lives in the module that is about it.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.routing import BaseConverter

from config import TEMPLATES
from webinars.runtime import Runtime
from webinars.web import (
    current,
    error_pages,
    filters,
    headers,
    languages,
    organiser,
    proxies,
    public,
)

MAX_BODY_BYTES = 1024 * 1024
"""The largest form; a view that takes a file raises it for itself."""


def create_app(runtime: Runtime) -> Flask:
    """Return the application that serves every page."""
    app = Flask(__name__, template_folder=str(TEMPLATES / "pages"))
    set_up_configuration(app, runtime)
    current.set_up(app, runtime)
    proxies.set_up(app, runtime.settings)
    languages.set_up(app)
    filters.set_up(app)
    headers.set_up(app, runtime.settings)
    CSRFProtect(app)
    error_pages.set_up(app)
    app.url_map.converters["slug"] = SlugConverter
    public.register(app)
    organiser.register(app)
    return app


def set_up_configuration(app: Flask, runtime: Runtime) -> None:
    """Say how cookies, forms and bodies are treated."""
    base = urlsplit(runtime.settings.base_url)
    app.config.update(
        SECRET_KEY=runtime.settings.get_secret(),
        APPLICATION_ROOT=base.path or "/",
        SESSION_COOKIE_NAME="webinars",
        SESSION_COOKIE_SECURE=base.scheme == "https",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),  # their addresses change with the content
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        # A form may lie open over lunch, or over a night.
        WTF_CSRF_TIME_LIMIT=None,
        # Ministries' gateways take the referrer away; the token is the proof.
        WTF_CSRF_SSL_STRICT=False,
        WTF_I18N_ENABLED=False,
    )


class SlugConverter(BaseConverter):
    """The slug of an event as it stands in an address; anything else is no address of ours."""

    regex = "[a-z0-9][a-z0-9-]*"
