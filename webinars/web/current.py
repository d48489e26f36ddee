"""What a view reaches the rest of the service by: the runtime it was started with."""

from typing import cast

from flask import Flask, current_app

from webinars import calendar
from webinars.calendar import Origin
from webinars.models import Event
from webinars.runtime import Runtime

EXTENSION = "webinars"


def set_up(app: Flask, runtime: Runtime) -> None:
    """Keep the runtime with the application."""
    app.extensions[EXTENSION] = runtime


def get_runtime() -> Runtime:
    """Return the runtime of the application that serves this request."""
    return cast(Runtime, current_app.extensions[EXTENSION])


def get_origin(event: Event) -> Origin:
    """Return what all calendar entries of an event have in common, in mails and in files."""
    runtime = get_runtime()
    sender = runtime.settings.mail_from
    return calendar.make_origin(event, host=runtime.links.host, sender=sender)
