"""The pages as a WSGI application, for servers that `webinars serve` does not start itself."""

import config
from webinars import web
from webinars.runtime import open_runtime


def create_app():
    """Return the pages, with the settings of the environment."""
    return web.create_app(open_runtime(config.read()))
