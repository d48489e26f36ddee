"""The templates as files: whole, in every language, and with nothing in them that is not given."""

import re
from dataclasses import fields, is_dataclass

import html5lib
import pytest
from jinja2 import nodes

from webinars.letters.cases import SHOWN, Person
from webinars.mail import compose, contexts
from webinars.models import TO_ORGANISERS, Language, MailName

FILES = ("subject.txt", "body.txt", "body.html")
LANGUAGES_OF = {
    mail: (Language.FRENCH,) if mail in TO_ORGANISERS else tuple(Language) for mail in MailName
}
TRIPLES = [(mail, language) for mail, languages in LANGUAGES_OF.items() for language in languages]
ALL_TEMPLATES = [f"{mail}/{language}/{file}" for mail, language in TRIPLES for file in FILES]
HTML_ONLY = {"event.title_language"}
PERSONAL = {f"person.{name}" for name in Person._fields[:SHOWN]} | {"link.gate_url"}
FACTS = {"message", "place", "programme", "reconfirm"}
"""Said by their fields."""
REPEATED = {"event.short_date"}
"""In subjects alone."""


def test_every_mail_has_its_triples_and_no_other_file_lies_about():
    found = {str(path.relative_to(compose.TEMPLATES)) for path in compose.TEMPLATES.rglob("*.*")}

    assert found == set(ALL_TEMPLATES)


def test_every_mail_has_a_context_of_its_own():
    assert set(contexts.CONTEXTS) == set(MailName)


@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_a_template_names_only_what_its_context_offers(template):
    mail = MailName(template.split("/")[0])
    offered = list_offered(contexts.CONTEXTS[mail])

    assert list_named(template) <= offered


@pytest.mark.parametrize(("mail", "language"), TRIPLES)
def test_html_repeats_the_text(mail, language):
    text = list_named(f"{mail}/{language}/body.txt")
    html = list_named(f"{mail}/{language}/body.html")

    assert html - HTML_ONLY == text


@pytest.mark.parametrize("mail", MailName)
@pytest.mark.parametrize("file", FILES)
def test_a_mail_says_the_same_in_each_language(mail, file):
    named = [list_named(f"{mail}/{language}/{file}") for language in LANGUAGES_OF[mail]]

    assert all(names == named[0] for names in named)


@pytest.mark.parametrize("mail", MailName)
def test_what_a_context_holds_beyond_the_common_facts_is_said(mail):
    context = contexts.CONTEXTS[mail]
    own = {field.name for field in fields(context)} - {"event", "person", "link"}
    offered = {name for name in list_offered(context) if name.split(".")[0] in own}
    said = set().union(*(list_named(f"{mail}/fr/{file}") for file in FILES))

    assert offered - FACTS <= said


@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_a_template_prints_what_is_personal_and_asks_nothing_about_it(template):
    tree = compose.ENVIRONMENT.parse(read(template))
    asking = [*tree.find_all(nodes.Compare), *tree.find_all(nodes.Test), *tree.find_all(nodes.Call)]
    changing = [one for one in tree.find_all(nodes.Filter) if one.name != "ltr"]

    # A mail is written once for many, with marks in place of the person.
    assert not PERSONAL & set().union(*(list_attributes(one) for one in [*asking, *changing]))


@pytest.mark.parametrize("template", [name for name in ALL_TEMPLATES if "subject" in name])
def test_a_subject_says_nothing_personal(template):
    assert not PERSONAL & list_named(template)


@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_a_mail_brings_nothing_from_elsewhere(template):
    source = read(template)

    assert not re.search(r"<(img|script|link|style|iframe|object|video|audio|form)\b", source)
    assert not re.search(r"\b(src|srcset|background|action|on\w+)\s*=", source)
    assert "url(" not in source
    assert "@import" not in source
    assert "http://" not in source
    assert "https://" not in source
    for href in re.findall(r'href="([^"]*)"', source):
        assert re.fullmatch(r"(mailto:)?\{\{ [\w.]+ \}\}", href)


@pytest.mark.parametrize("template", ALL_TEMPLATES)
def test_a_mail_is_one_whole_text(template):
    tree = compose.ENVIRONMENT.parse(read(template))
    fragments = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport, nodes.Macro)

    assert not list(tree.find_all(fragments))


@pytest.mark.parametrize(("mail", "language"), TRIPLES)
def test_the_html_of_a_mail_is_valid_and_says_its_language_twice(mail, language):
    source = re.sub(r"\{[{%].*?[%}]\}", "", read(f"{mail}/{language}/body.html"))
    direction = "rtl" if language is Language.ARABIC else "ltr"

    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(source)

    # Webmail drops the outermost element, so the first block repeats it.
    for element in (document, document.find("body/div")):
        assert (element.get("lang"), element.get("dir")) == (language, direction)
    assert len(document.findall(".//h1")) == 1


@pytest.mark.parametrize("template", [name for name in ALL_TEMPLATES if "/fr/" in name])
def test_french_sets_its_high_punctuation_off_by_a_space_that_does_not_break(template):
    words = re.sub(r"<[^>]*>|\{[{%].*?[%}]\}", "", read(template))

    assert not re.search(r"[^\u00a0\s][:;!?]", words)
    assert not re.search(r" [:;!?»]|« ", words)
    assert "'" not in words


def read(template):
    """Return the source of a template."""
    return (compose.TEMPLATES / template).read_text(encoding="utf-8")


def list_offered(context, prefix=""):
    """List what a template may name: fields, and those of the facts within."""
    names = set()
    for field in fields(context):
        names.add(prefix + field.name)
        if isinstance(field.type, type) and is_dataclass(field.type):
            names |= list_offered(field.type, f"{field.name}.")
    return names


def list_attributes(node):
    """List what is named under a node: `event.title`."""
    found = [node, *node.find_all(nodes.Getattr)]
    return {
        f"{one.node.name}.{one.attr}"
        for one in found
        if isinstance(one, nodes.Getattr) and isinstance(one.node, nodes.Name)
    }


def list_named(template):
    """List what a template names: `event.title`; what it names within a loop is left to it."""
    tree = compose.ENVIRONMENT.parse(read(template))
    loops = {loop.target.name for loop in tree.find_all(nodes.For)}
    within = {
        f"{node.node.name}.{node.attr}"
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name not in loops
    }
    alone = {node.name for node in tree.find_all(nodes.Name)} - loops
    return within | (alone - {name.split(".")[0] for name in within})
