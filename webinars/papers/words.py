"""The words of papers, from the catalogues of the pages: French is the source, as there."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

from webinars.models import Language

CATALOGUES = Path(__file__).parents[1] / "translations"


@dataclass(frozen=True)
class Words:
    """The words of one language; called with a French text, it returns the text in it."""

    language: Language

    def __call__(self, text: str, **values: object) -> str:
        said = _open(self.language).ugettext(text)
        return said % values if values else said

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return a French text about a number of things in the language."""
        return _open(self.language).ungettext(one, many, number) % {"num": number}


@cache
def _open(language: Language) -> NullTranslations:
    return Translations.load(str(CATALOGUES), [language.value])
