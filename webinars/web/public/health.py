"""What a supervisor asks: whether the process lives, can do its work, and what it has done."""

import hmac
import logging
from http import HTTPStatus

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from webinars import measures, migrations
from webinars.errors import NotFound, SchemaOutdated
from webinars.web import machine, metrics
from webinars.web.current import get_runtime

blueprint = Blueprint("health", __name__)
logger = logging.getLogger(__name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """Say that the process answers."""
    return _say("ok", HTTPStatus.OK)


@blueprint.get("/readyz")
def ready() -> Response:
    """Say whether the database answers and is up to date."""
    try:
        migrations.check(get_runtime().database)
    except SchemaOutdated:
        return _say("the database is not up to date: webinars db upgrade", UNAVAILABLE)
    except SQLAlchemyError as error:
        return _say_away(error)
    return _say("ok", HTTPStatus.OK)


@blueprint.get("/metrics")
def measure() -> Response:
    """Hand over what is measured, as Prometheus reads it.

    :raises NotFound: without a token in the settings, for everyone but this machine.
    """
    runtime = get_runtime()
    token = runtime.settings.metrics_token
    if token and not _is_shown(token):
        refused = _say("a bearer token is needed", HTTPStatus.UNAUTHORIZED)
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    if not token and not machine.is_asked_here():
        raise NotFound("metrics")
    relays, limits = runtime.transport.relays, runtime.limits
    try:
        with runtime.reading() as tx:
            seen = measures.measure(tx, relays, limits, now=runtime.now())
    except SQLAlchemyError as error:
        return _say_away(error)
    text, content_type = metrics.write(seen, limits, request.headers.get("Accept", ""))
    return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})


def _is_shown(token: str) -> bool:
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    is_same = hmac.compare_digest(shown.strip().encode(), token.encode())
    return scheme.lower() == "bearer" and is_same


UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


def _say_away(error: SQLAlchemyError) -> Response:
    logger.error("database unavailable: error=%s", type(error).__name__)
    return _say("the database does not answer", UNAVAILABLE)


def _say(text: str, status: HTTPStatus) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
