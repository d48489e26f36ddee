"""Parts of pages: what a script of ours asks for to put it into a page that is shown already.

A part is asked for with the header `X-Part`, at an address of its own or at the page's. Whoever has
no script gets the whole page. `static/live.js` and `static/registrations.js` are who asks.
"""

from flask import Response, make_response, render_template, request

HEADER = "X-Part"


def is_wanted() -> bool:
    """Tell whether a script asks for a part of this page."""
    return HEADER in request.headers


def render(template: str, **values: object) -> Response:
    """Return a part of a page, marked as one."""
    response = make_response(render_template(template, **values))
    response.headers[HEADER] = "1"
    response.headers["Vary"] = HEADER
    return response
