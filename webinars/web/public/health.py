"""What a supervisor asks: whether the process lives, and whether it can do its work."""

import logging
from http import HTTPStatus

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from webinars import migrations
from webinars.errors import SchemaOutdated
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
        logger.error("database unavailable: error=%s", type(error).__name__)
        return _say("the database does not answer", UNAVAILABLE)
    return _say("ok", HTTPStatus.OK)


UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE


def _say(text: str, status: HTTPStatus) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
