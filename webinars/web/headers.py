"""What every answer tells the browser: what it may load, keep, show and pass on."""

from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from config import Settings

TOKEN_PATHS = ("/r/", "/j/", "/u/", "/i/")
"""Pages that a token opens: no cookie, nothing kept, nothing passed on."""

PERSONAL_PATHS = (*TOKEN_PATHS, "/organiser", "/outbox")

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

ROOM_FORM_ACTION = "'self' https: http:"
"""At the gate. Browsers apply `form-action` to the 303 that answers the POST too, so the room's
origin must be allowed; naming it would give the room away before the door opens."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def set_up(app: Flask, settings: Settings) -> None:
    """Send the headers with every answer, of an error too."""
    is_secure = urlsplit(settings.base_url).scheme == "https"

    @app.after_request
    def send(response: Response) -> Response:
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", _policy())
        response.headers.setdefault("Referrer-Policy", _referrer_policy())
        if is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if request.endpoint != "static":
            _keep_out_of_caches(response)
        return response


def is_token_page(path: str) -> bool:
    """Tell whether a token opens the page at that path."""
    return path.startswith(TOKEN_PATHS)


def allow(directive: str, sources: str) -> None:
    """Widen the policy of the page that is being written."""
    g.setdefault("policy", {})[directive] = sources


def _policy() -> str:
    directives = POLICY | g.get("policy", {})
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def _referrer_policy() -> str:
    private = is_token_page(request.path)
    return "no-referrer" if private else "strict-origin-when-cross-origin"


def _keep_out_of_caches(response: Response) -> None:
    """Let nobody keep a personal page; the others are asked for again each time."""
    is_personal = request.path.startswith(PERSONAL_PATHS) or request.method == "POST"
    response.headers.setdefault("Cache-Control", "no-store" if is_personal else "no-cache")
    if request.path.startswith(PERSONAL_PATHS):
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
