"""A worker and a timer in a process of their own, to be killed by the tests."""

import importlib
import os
import sys

import config
import workers
from webinars.runtime import open_runtime
from workers import faults
from workers.stopping import listen_for_stop


def work(environment, log):
    """Work until told to stop; the settings and the fault are those of the environment."""
    for name in [name for name in os.environ if name.startswith("WEBINARS_")]:
        del os.environ[name]
    os.environ.update(environment)
    importlib.reload(faults)  # it was loaded, and read the variable, before this process began
    sys.stdout = sys.stderr = open(log, "a", buffering=1)
    config.set_up_logging()
    stop = listen_for_stop()
    runtime = open_runtime(config.read())
    with workers.start(runtime):
        stop.wait()
    runtime.close()
