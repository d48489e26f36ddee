"""Texts that organisers write: what they are made of, and what cannot be filled in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webinars.prose import (
    Block,
    BlockKind,
    Fault,
    Mistake,
    Placeholder,
    Run,
    find_mistakes,
    find_nearest,
    list_placeholders,
    parse,
    parse_line,
    tidy,
)

PARAGRAPH, LIST = BlockKind.PARAGRAPH, BlockKind.LIST

BLOCKS = {
    "Un mot.": [Block(PARAGRAPH, ((Run("Un mot."),),))],
    "Un\ndeux\n\n\ntrois": [
        Block(PARAGRAPH, ((Run("Un"),), (Run("deux"),))),
        Block(PARAGRAPH, ((Run("trois"),),)),
    ],
    "Voici :\n- un\n• deux\nfin": [
        Block(PARAGRAPH, ((Run("Voici :"),),)),
        Block(LIST, ((Run("un"),), (Run("deux"),))),
        Block(PARAGRAPH, ((Run("fin"),),)),
    ],
    "**gras** et **non": [
        Block(PARAGRAPH, ((Run("gras", is_bold=True), Run(" et **non")),)),
    ],
    "Voir https://a.example.org/x?y=(1).": [
        Block(
            PARAGRAPH,
            ((Run("Voir "), Run("https://a.example.org/x?y=(1", is_link=True), Run(").")),),
        )
    ],
    "Bonjour {prenom}, {{x}}": [
        Block(
            PARAGRAPH,
            (
                (
                    Run("Bonjour "),
                    Run("", Placeholder.FIRST_NAME),
                    Run(", "),
                    Run("{"),
                    Run("x"),
                    Run("}"),
                ),
            ),
        )
    ],
    "Lire :\n{documents}\n\nMerci": [
        Block(PARAGRAPH, ((Run("Lire :"),),)),
        Block(BlockKind.DOCUMENTS),
        Block(PARAGRAPH, ((Run("Merci"),),)),
    ],
    "{lien}": [Block(PARAGRAPH, ((Run("", Placeholder.LINK, is_link=True),),))],
    "   \n\n": [],
}


@pytest.mark.parametrize("text", BLOCKS)
def test_a_text_is_made_of_paragraphs_lists_links_and_places(text):
    assert list(parse(text)) == BLOCKS[text]


def test_a_subject_has_places_and_nothing_else():
    line = parse_line("Le  {date} : **x**\nhttps://a.example.org")

    assert line == (
        Run("Le "),
        Run("", Placeholder.DATE),
        Run(" : **x** https://a.example.org"),
    )


def test_what_a_word_processor_leaves_behind_is_taken_out():
    pasted = (
        "[bookmark: _GoBack]Mesdames,  Messieurs,\n\n\tNous\u00a0vous   prions\n·\tun  point \n"
    )

    assert tidy(pasted) == "Mesdames, Messieurs,\n\n Nous\u00a0vous prions\n· un point"
    assert parse("· un point")[0].kind is LIST


MISTAKES = {
    "Bonjour {prenom} {nom}, {{ainsi}}": [],
    "{Prenom}": [Mistake(Fault.UNKNOWN, "{Prenom}", Placeholder.FIRST_NAME)],
    "{prénom}": [Mistake(Fault.UNKNOWN, "{prénom}", Placeholder.FIRST_NAME)],
    "{ nom }": [Mistake(Fault.UNKNOWN, "{ nom }", Placeholder.LAST_NAME)],
    "{strutcure}": [Mistake(Fault.UNKNOWN, "{strutcure}", Placeholder.ORGANIZATION)],
    "{organisation}": [Mistake(Fault.UNKNOWN, "{organisation}", Placeholder.ORGANIZATION)],
    "{link}": [Mistake(Fault.UNKNOWN, "{link}", Placeholder.LINK)],
    "{xyzzy}": [Mistake(Fault.UNKNOWN, "{xyzzy}")],
    "{}": [Mistake(Fault.UNKNOWN, "{}")],
    "{prenom": [Mistake(Fault.UNCLOSED, "{", Placeholder.FIRST_NAME)],
    "prenom}": [Mistake(Fault.UNCLOSED, "}", Placeholder.FIRST_NAME)],
    "{nom\n}": [
        Mistake(Fault.UNCLOSED, "{", Placeholder.LAST_NAME),
        Mistake(Fault.UNCLOSED, "}", Placeholder.LAST_NAME),
    ],
    "[prenom] <nom> «date» %lieu% ${heures}": [
        Mistake(Fault.OTHER_SIGNS, "[prenom]", Placeholder.FIRST_NAME),
        Mistake(Fault.OTHER_SIGNS, "<nom>", Placeholder.LAST_NAME),
        Mistake(Fault.OTHER_SIGNS, "«date»", Placeholder.DATE),
        Mistake(Fault.OTHER_SIGNS, "%lieu%", Placeholder.VENUE),
        Mistake(Fault.OTHER_SIGNS, "${heures", Placeholder.HOURS),
    ],
    "« date » et [autre chose] <br> 100 %": [],
    "Voir {documents}": [Mistake(Fault.NOT_ALONE, "{documents}")],
    "{nm} {nm}": [Mistake(Fault.UNKNOWN, "{nm}", Placeholder.LAST_NAME)],
}


@pytest.mark.parametrize("text", MISTAKES)
def test_what_cannot_be_filled_in_is_named_with_what_was_meant(text):
    assert find_mistakes(text) == MISTAKES[text]


@pytest.mark.parametrize("name", ["lien", "page", "documents"])
def test_an_address_does_not_stand_in_a_subject(name):
    [mistake] = find_mistakes(f"{{{name}}}", is_subject=True)

    assert mistake.fault is Fault.NOT_IN_SUBJECT


@pytest.mark.parametrize("one", Placeholder)
def test_every_placeholder_is_read_and_nearest_to_itself(one):
    assert list_placeholders(f"{{{one}}} {{{one}}}") == [one]
    assert find_nearest(one.value.upper()) is one


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab {}*-\n:/.https[]<>%$«»{nom}é"), max_size=60) | st.text())
def test_no_text_is_lost_and_none_breaks_the_reading(text):
    find_mistakes(text)
    find_mistakes(text, is_subject=True)
    said = "".join(
        run.text or f"{{{run.placeholder}}}"
        for block in parse(text)
        for line in block.lines
        for run in line
    )
    kept = "".join(one for one in said if one.isalnum())
    shown = text.replace("{documents}", "")

    assert kept == "".join(one for one in shown if one.isalnum())
