"""Large papers in the background: made once, whoever dies, and kept for a day."""

import io
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pypdf
import pytest

import workers
from tests.factories import NOW, make_event, make_registration
from tests.workers.conftest import SECRET
from webinars import events, organisers
from webinars.errors import NotFound
from webinars.models import (
    JobState,
    Language,
    Mode,
    Organiser,
    Paper,
    PaperFile,
    PaperJob,
    PaperOrder,
)
from webinars.papers import jobs
from workers import papers, schedule
from workers.stopping import Stop

SLUG = "webinaire-covid-19"
ONE_WORKER = """
import sys
from datetime import datetime
from pathlib import Path
from config import Settings
from webinars.runtime import open_runtime
from workers import papers
from workers.stopping import Stop

url, folder, secret, now = sys.argv[1:]
settings = Settings(
    database_url=url, data_dir=Path(folder), mail_url=f"file:{folder}/outbox", secret_key=secret
)
papers.print_all(open_runtime(settings, lambda: datetime.fromisoformat(now)), Stop())
"""


def order(runtime, *, people=3, paper=Paper.BADGES):
    """Have badges made of so many people, and return the number of the job."""
    with runtime.transaction() as tx:
        event = make_event(tx, SLUG, mode=Mode.ONSITE)
        for number in range(people):
            make_registration(
                tx, event, last_name=f"Personne {number}", email=f"p{number}@example.org"
            )
        organiser = organisers.add(
            tx, "nadia@example.org", "une phrase de passe", institution=None, now=NOW
        )
        asked = PaperOrder(paper, Language.FRENCH, words={"country": "MA"}, per_page=8)
        return jobs.order(tx, event, organiser, asked, people=people, now=NOW).id


def look(runtime, job_id):
    """Return a job as it is, and its paper if it is there."""
    with runtime.reading() as tx:
        job, file = tx.get(PaperJob, job_id), tx.get(PaperFile, job_id)
        return job, file and file.content


def test_a_paper_that_was_ordered_is_made_and_kept(any_runtime):
    job_id = order(any_runtime)
    papers.print_all(any_runtime, Stop())
    job, content = look(any_runtime, job_id)
    assert (job.state, job.attempts, job.ended_at) == (JobState.DONE, 1, NOW)
    assert job.order.per_page == 8
    (page,) = pypdf.PdfReader(io.BytesIO(content)).pages
    assert "PERSONNE 2" in page.extract_text()
    with any_runtime.reading() as tx:
        assert not jobs.has_due(tx, now=NOW + timedelta(hours=1))


@pytest.mark.parametrize("point", ["before-print", "after-print"])
def test_a_worker_that_is_killed_leaves_the_paper_to_the_next_who_makes_it_once(
    any_runtime, any_database_url, tmp_path, clock, point
):
    job_id = order(any_runtime)
    words = [any_database_url, str(tmp_path), SECRET, NOW.isoformat()]
    died = subprocess.run(
        [sys.executable, "-c", ONE_WORKER, *words],
        env={**os.environ, "WEBINARS_FAULT": f"{point}:1"},
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    job, content = look(any_runtime, job_id)
    assert (job.state, content) == (JobState.PRINTING, None)

    papers.print_all(any_runtime, Stop())  # the lease still runs: it might be alive
    assert look(any_runtime, job_id)[0].state is JobState.PRINTING
    clock.now += jobs.LEASE
    papers.print_all(any_runtime, Stop())

    job, content = look(any_runtime, job_id)
    assert (job.state, job.attempts, job.lease_epoch) == (JobState.DONE, 2, 2)
    assert content.startswith(b"%PDF")


def test_who_lost_the_lease_records_nothing_over_the_successor(any_runtime):
    job_id = order(any_runtime)
    later = NOW + jobs.LEASE
    with any_runtime.transaction() as tx:
        slow = jobs.claim(tx, now=NOW)
        assert jobs.claim(tx, now=NOW) is None
    with any_runtime.transaction() as tx:
        quick = jobs.claim(tx, now=later)
        assert jobs.finish(tx, quick, b"quick", now=later)
    with any_runtime.transaction() as tx:
        assert not jobs.finish(tx, slow, b"slow", now=later)
        assert not jobs.fail(tx, slow, now=later)
    assert look(any_runtime, job_id)[1] == b"quick"


def test_a_paper_that_kills_its_workers_is_given_up(any_runtime):
    job_id = order(any_runtime)
    now = NOW
    for _attempt in range(jobs.ATTEMPTS):
        with any_runtime.transaction() as tx:
            assert jobs.claim(tx, now=now) is not None
        now += jobs.LEASE
    with any_runtime.transaction() as tx:
        assert jobs.claim(tx, now=now) is None
    assert look(any_runtime, job_id)[0].state is JobState.FAILED


def test_a_paper_that_cannot_be_made_is_said_to_have_failed(runtime, caplog):
    job_id = order(runtime, people=0)
    papers.print_all(runtime, Stop())
    assert look(runtime, job_id)[0].state is JobState.FAILED
    assert "said=NobodyOnPaper" in caplog.text


def test_a_paper_is_removed_when_its_day_is_over(any_runtime, clock):
    job_id = order(any_runtime)
    papers.print_all(any_runtime, Stop())
    clock.now += jobs.KEPT - timedelta(seconds=1)
    papers.forget_old(any_runtime)
    assert look(any_runtime, job_id)[1]
    clock.now += timedelta(seconds=1)
    papers.forget_old(any_runtime)
    assert look(any_runtime, job_id) == (None, None)


def test_only_who_ordered_a_paper_finds_it(any_runtime):
    job_id = order(any_runtime)
    with any_runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        other = organisers.add(tx, "autre@example.org", "mot de passe", institution=None, now=NOW)
        owner = tx.get(PaperJob, job_id).organiser_id
        assert jobs.get_own(tx, event.id, owner, job_id).id == job_id
        for event_id, organiser_id in ((event.id, other.id), (event.id + 1, owner)):
            with pytest.raises(NotFound):
                jobs.get_own(tx, event_id, organiser_id, job_id)


def test_the_oldest_of_many_papers_goes_first(any_runtime):
    first = order(any_runtime)
    with any_runtime.transaction() as tx:
        event, job = events.get(tx, SLUG), tx.get(PaperJob, first)
        organiser = tx.get(Organiser, job.organiser_id)
        for _number in range(jobs.MOST_AT_ONCE):
            jobs.order(tx, event, organiser, job.order, people=3, now=NOW)
        kept = jobs.list_own(tx, event.id, organiser.id)
    assert len(kept) == jobs.MOST_AT_ONCE
    assert first not in {one.id for one in kept}


def test_the_background_makes_what_was_ordered_without_any_hint(runtime):
    job_id = order(runtime)
    done = threading.Event()
    with workers.start(runtime):
        for _second in range(100):
            if look(runtime, job_id)[0].state is JobState.DONE or done.wait(0.2):
                break
    assert look(runtime, job_id)[0].state is JobState.DONE


def test_the_timer_hints_at_a_paper_that_waits(runtime):
    schedule.hint_papers(runtime)
    assert runtime.broker.queues["papers"].empty()
    order(runtime)
    schedule.hint_papers(runtime)
    schedule.hint_papers(runtime)
    assert runtime.broker.queues["papers"].qsize() == 1
