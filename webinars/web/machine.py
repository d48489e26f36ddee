"""Who asks from this very machine: what is for nobody else to see looks here first."""

import ipaddress
from urllib.parse import urlsplit

from flask import request

FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def is_asked_here() -> bool:
    """Tell whether the client is on this machine, with no proxy between.

    The name asked for counts too: a page of elsewhere could make its own name point here.
    """
    host = urlsplit(f"//{request.host}").hostname
    is_forwarded = any(name in request.headers for name in FORWARDING)
    return is_loopback(host) and is_loopback(request.remote_addr) and not is_forwarded


def is_loopback(host: str | None) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
