import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.domain.lives import Lives

STORIES = int(os.environ.get("WEBINARS_TEST_STORIES") or 0)
"""So many new stories, and a failing one is made shorter, for minutes; else always the same few."""


def test_whatever_happens_none_is_lost_and_what_may_have_left_twice_is_marked(any_database):
    run_state_machine_as_test(
        lambda: Lives(any_database),
        settings=settings(
            max_examples=STORIES or 12,
            stateful_step_count=30,
            derandomize=not STORIES,
            phases=[Phase.reuse, Phase.generate, *([Phase.shrink] if STORIES else [])],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
