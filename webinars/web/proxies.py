"""What stands in front: which forwarding headers count, and the path that the pages hang under.

The `Host` header is believed nowhere: addresses on pages are relative, those in mails begin with
the base address of the settings.
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings

WsgiApp = Callable[..., Iterable[bytes]]


def set_up(app: Flask, settings: Settings) -> None:
    """Believe as many proxies as the settings name, and serve under the base address's path."""
    path = urlsplit(settings.base_url).path.rstrip("/")
    inner: WsgiApp = app.wsgi_app
    if path:
        inner = UnderPath(inner, path)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        inner = ProxyFix(inner, x_for=count, x_proto=count, x_host=0)
    app.wsgi_app = inner  # type: ignore[method-assign]


class UnderPath:
    """Serve under a path, whether the proxy in front takes it off or leaves it on."""

    def __init__(self, app: WsgiApp, path: str) -> None:
        self.app = app
        self.path = path

    def __call__(
        self, environ: dict[str, str], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        asked = environ.get("PATH_INFO", "")
        if asked == self.path or asked.startswith(self.path + "/"):
            environ["PATH_INFO"] = asked.removeprefix(self.path) or "/"
        environ["SCRIPT_NAME"] = self.path
        return self.app(environ, start_response)
