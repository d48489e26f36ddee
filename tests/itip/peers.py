"""Programs that others have written and that keep calendars: Radicale, vdirsyncer, khal.

Each runs as a process of its own, with a folder of its own, on loopback alone, and on the zone data
of the package: what the machine believes of Morocco may be years old.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import httpx

from tests.workers.relay import find_port

BIN = Path(sys.executable).parent
PATIENCE_SECONDS = 30
USER = "samira"
QUERY = """<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:prop><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR">
<c:comp-filter name="VEVENT"><c:time-range start="{start}" end="{end}"/></c:comp-filter>
</c:comp-filter></c:filter></c:calendar-query>"""


def run(*words, said=""):
    """Run a program to its end, and return what it printed."""
    environment = os.environ | {"PYTHONTZPATH": "", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    done = subprocess.run(
        [BIN / words[0], *words[1:]],
        input=said,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class CalDav:
    """A CalDAV server, as a calendar program talks to it."""

    url: str
    client: httpx.Client

    def make(self, name):
        """Make an empty calendar."""
        assert self.client.request("MKCALENDAR", f"/{USER}/{name}/").status_code == 201

    def put(self, path, content):
        """Put a file in, and return the server's answer."""
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        return self.client.put(f"/{USER}/{path}", content=content, headers=headers)

    def query(self, name, start, end):
        """Return the files of a calendar with anything between two instants, as octets."""
        asked = QUERY.format(start=f"{start:%Y%m%dT%H%M%SZ}", end=f"{end:%Y%m%dT%H%M%SZ}")
        answer = self.client.request(
            "REPORT",
            f"/{USER}/{name}/",
            content=asked,
            headers={"Depth": "1", "Content-Type": "application/xml"},
        )
        assert answer.status_code == 207
        return read_files(answer.content)


def read_files(content):
    """Return the calendar files of a multistatus answer."""
    tree = ElementTree.fromstring(content)
    found = tree.iter("{urn:ietf:params:xml:ns:caldav}calendar-data")
    return [(one.text or "").encode() for one in found]


@contextmanager
def serving_caldav(folder):
    """Run a Radicale until the block ends."""
    port = find_port()
    words = [BIN / "radicale", "--config", "", "--auth-type", "none"]
    words += ["--server-hosts", f"127.0.0.1:{port}", "--storage-filesystem-folder", folder / "dav"]
    log = (folder / "radicale.log").open("wb")
    process = subprocess.Popen(words, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, auth=(USER, "x"), timeout=PATIENCE_SECONDS) as client:
            _wait_for(client, process)
            yield CalDav(url, client)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        log.close()


def _wait_for(client, process):
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, "it has ended"
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("it does not answer")


def synchronise(folder, remote, *, collections):
    """Fetch a calendar into a folder of files with vdirsyncer, and return that folder."""
    local = folder / "local"
    for name in collections or [""]:
        (local / name).mkdir(parents=True, exist_ok=True)
    named = json.dumps(collections) if collections else "null"
    lines = [
        "[general]",
        f'status_path = "{folder / "status"}"',
        "[pair p]",
        'a = "remote"',
        'b = "local"',
        f"collections = {named}",
        'conflict_resolution = "a wins"',
        "[storage remote]",
        *(f'{name} = "{value}"' for name, value in remote.items()),
        "[storage local]",
        'type = "filesystem"',
        f'path = "{local}"',
        'fileext = ".ics"',
    ]
    config = folder / "vdirsyncer.conf"
    config.write_text("\n".join(lines), encoding="utf-8")
    run("vdirsyncer", "-c", str(config), "discover", "p")
    run("vdirsyncer", "-c", str(config), "sync", "p")
    return local


def show(folder, calendar, zone, day):
    """Return what khal shows of a day to who lives in a zone: from, to, title."""
    config = folder / f"khal-{zone.replace('/', '-')}.conf"
    lines = [
        "[calendars]",
        "[[agenda]]",
        f"path = {calendar}",
        "type = calendar",
        "[locale]",
        f"local_timezone = {zone}",
        f"default_timezone = {zone}",
        "timeformat = %H:%M",
        *(f"{name} = %Y-%m-%d" for name in ("dateformat", "longdateformat")),
        *(f"{name} = %Y-%m-%d %H:%M" for name in ("datetimeformat", "longdatetimeformat")),
        "[default]",
        "default_calendar = agenda",
        "[sqlite]",
        f"path = {config}.db",
    ]
    config.write_text("\n".join(lines), encoding="utf-8")
    said = run(
        "khal",
        "--config",
        str(config),
        "list",
        "--format",
        "{start-time}|{end-time}|{title}",
        "--day-format",
        "",
        str(day),
        "1d",
    )
    return [tuple(line.split("|")) for line in said.splitlines() if line]
