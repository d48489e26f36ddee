"""The other side of calendars: what receives the service's invitations, written for the tests.

It shares no code with the service. `files` reads a calendar file as strictly as the pickiest of
clients, `mails` the message that carries it, and `store` is a person's calendar, which applies what
arrives as RFC 5546 says. Whatever a client would choke on raises `Choked`.
"""
