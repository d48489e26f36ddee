"""Event registration and webinar mailing for institutions on two shores.

One module per noun; DESIGN and the map of the house are in `docs/developers.md`.
"""
