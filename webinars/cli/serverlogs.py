"""What the servers of the pages have to say, in the log of the service and in its words.

Neither keeps a log of who asked for what: addresses of pages are personal here.
"""

import logging

from cheroot.wsgi import Server
from gunicorn.config import Config
from gunicorn.glogging import Logger

logger = logging.getLogger(__name__)


class PagesServer(Server):
    """cheroot's server, which says through our log what went wrong."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Log a warning or worse: what is less tells only from which address somebody hung up."""
        if level >= logging.WARNING:
            logger.log(level, "pages server failed: error=%s", msg, exc_info=traceback)


class ThroughOurs(Logger):  # type: ignore[misc]
    """gunicorn's lines, through our log."""

    def setup(self, cfg: Config) -> None:
        """Set up without a handler of its own."""
        super().setup(cfg)
        for own in (self.error_log, self.access_log):
            own.handlers.clear()
        self.error_log.propagate = True
