"""The root of what can be refused."""


class WebinarsError(Exception):
    """The root: something was understood and refused."""
