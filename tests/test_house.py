"""The house itself: sizes, layers, pins, catalogues, and manuals that say what the code says."""

import ast
import re
import subprocess
import tomllib

import pytest
from babel.messages.pofile import read_po

from config import ROOT
from webinars.cli.upkeep import write_manual

LONGEST_FUNCTION = 60
LONGEST_MODULE = 500
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Written apart, or this file would hold what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb", "debian", "org"),
    )
]


def list_tracked():
    """List the files of the project: those that git knows, or all but what is installed or made."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\n") if (path := ROOT / name).is_file()]
    folders = ("webinars", "workers", "templates", "tests", "docs", ".ci")
    return [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]


TRACKED = list_tracked()
CODE = [
    path
    for path in TRACKED
    if path.suffix == ".py" and not {"tests", "versions"} & set(path.relative_to(ROOT).parts)
]


def read_text(path):
    """Return a file's text, or nothing for a picture or a workbook."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_and_no_module_is_too_long(path):
    text = read_text(path)
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert text.count("\n") <= LONGEST_MODULE
    assert [
        node.name for node in functions if node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ] == []


def test_every_module_has_its_place_in_the_layers():
    layers = next(
        contract["layers"]
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    placed = {name for layer in layers for name in re.findall(r"[\w.]+", layer)}
    package = ROOT / "webinars"
    there = {path.stem for path in package.glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in package.glob("*/__init__.py")}

    assert {f"webinars.{name}" for name in there} | {"workers"} == placed


def test_no_file_names_a_package_registry_or_the_path_of_a_checkout():
    found = [
        (str(path.relative_to(ROOT)), name)
        for path in TRACKED
        for name in [*REGISTRIES, f"{ROOT}/"]
        if name in read_text(path)
    ]

    assert found == []


def test_the_pins_are_names_and_versions_and_pin_every_dependency():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    asked = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["test"]

    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.!+]+", pin)] == []
    assert {normalise(name) for name in asked} <= {normalise(pin) for pin in pins}
    assert "setuptools" in {normalise(pin) for pin in pins}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_word_of_the_pages_is_translated(language):
    path = ROOT / f"webinars/translations/{language}/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)

    left = [message.id for message in catalogue if message.id and not all_said(message)]
    wrong = [(message.id, errors) for message in catalogue if (errors := list(message.check()))]

    assert left == []
    assert wrong == []


def test_the_manual_of_the_settings_is_what_the_command_prints():
    written = (ROOT / "docs/settings.md").read_text(encoding="utf-8")

    assert written == write_manual(), "run `make docs`"


def normalise(requirement):
    """Return the name of a requirement as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def all_said(message):
    """Tell whether a message is translated, in each of its plural forms, and not by a guess."""
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(forms) and not message.fuzzy
