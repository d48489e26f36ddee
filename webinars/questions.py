"""The questions of an event's own: which are asked, of whom, and which answers count.

Pure, on an event whose questions are loaded.
"""

from collections.abc import Mapping

from webinars.models import Event, Question, QuestionKind

BETWEEN = ";"
"""What parts the options of an answer of several."""
WITH_OPTIONS = frozenset({QuestionKind.CHOICE, QuestionKind.CHOICES})
CLOSED = WITH_OPTIONS | {QuestionKind.BOOLEAN}
"""Kinds whose answers another question may depend on."""


def list_asked(event: Event) -> list[Question]:
    """List the questions that are asked, in order; not those that were taken out."""
    return [one for one in event.questions if one.is_asked is not False]


def split(answer: str) -> list[str]:
    """Return the options of an answer of several."""
    return [part for part in answer.split(BETWEEN) if part]


def list_shown(event: Event, answers: Mapping[str, str]) -> list[Question]:
    """List the questions that are asked of someone who gives these answers."""
    shown: list[Question] = []
    said: dict[str, set[str]] = {}
    for one in list_asked(event):
        condition = one.condition
        if condition is None or said.get(condition.key, set()).intersection(condition.values):
            shown.append(one)
            answer = answers.get(one.key, "")
            is_several = one.kind is QuestionKind.CHOICES
            said[one.key] = set(split(answer)) if is_several else {answer}
    return shown


def keep_shown(event: Event, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to what was asked of the person; others are none."""
    keys = {one.key for one in list_shown(event, answers)}
    return {key: answer for key, answer in answers.items() if key in keys and answer}


def keep_former(event: Event, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to questions that are asked no more."""
    asked = {one.key for one in list_asked(event)}
    return {key: answer for key, answer in answers.items() if key not in asked}
