"""The commands that run the worker and the timer apart from the pages."""

import click

import config
import workers
from config import Settings
from webinars.cli.edge import open_checked
from webinars.errors import SettingRefused
from webinars.mail import intake
from workers.stopping import listen_for_stop


@click.command()
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64))
def worker(processes: int, threads: int) -> None:
    """Send what is due, and do what the timer asks for; needs Redis or RabbitMQ."""
    settings = apart()
    open_checked(settings).close()  # or each process would find out by itself, again and again
    workers.run_worker(lambda: open_checked(settings), processes=processes, threads=threads)


@click.command()
def timer() -> None:
    """Find what has become due, each second; needs Redis or RabbitMQ.

    A second timer does no harm.
    """
    settings = apart()
    check_intake(settings)
    runtime = open_checked(settings)
    workers.run_timer(runtime, listen_for_stop())
    runtime.close()


def is_embedded(settings: Settings) -> bool:
    """Tell whether pages, worker and timer share one process."""
    return settings.broker_url.startswith("memory:")


def apart() -> Settings:
    """Read the settings of a part that runs apart.

    :raises SettingRefused: the broker is one process's memory.
    """
    settings = config.read()
    if is_embedded(settings):
        raise SettingRefused(
            "WEBINARS_BROKER_URL",
            "is memory://, where `webinars serve` is worker and timer itself",
            config.EXAMPLES["broker_url"],
        )
    return settings


def check_intake(settings: Settings) -> None:
    """Make sure that whoever keeps time can read the reports of failure, where a maildir is named.

    :raises SettingRefused: it is not there, and nobody would ever hear of a mail that came back.
    """
    try:
        intake.check_maildir(settings.intake_url)
    except intake.SourceAway as error:
        example = "maildir:/var/lib/webinars/mail/bounces"
        raise SettingRefused("WEBINARS_INTAKE_URL", error.reason, example) from None
