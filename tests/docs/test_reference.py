"""The reference pages are made from the code and leave nothing out."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from biox.cli import VERBS
from biox.core.find import known
from biox.core.study import Study
from biox.core.training import Training

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"


@pytest.fixture(scope="module", autouse=True)
def _found():
    sys.path.insert(0, str(REFERENCE))
    yield
    sys.path.remove(str(REFERENCE))


@pytest.fixture(scope="module")
def settings() -> str:
    return importlib.import_module("settings_page").text()


@pytest.fixture(scope="module")
def commands() -> str:
    return importlib.import_module("commands_page").text()


def test_every_command_has_a_place_of_its_own_and_says_what_it_does(commands):
    for verb in VERBS:
        assert f"\n## biox {verb}\n" in commands
        assert re.search(rf"\| \[`{verb}`\]\(#biox-{verb}\) \| \w.+ \|", commands), verb


def test_every_setting_of_a_study_and_its_sections_has_a_row(settings):
    for model in (Study, Training):
        for name, field in model.model_fields.items():
            assert f"| `{field.alias or name}` |" in settings


@pytest.mark.parametrize("domain", ["gait", "histology", "proteomics"])
def test_every_reader_has_a_table(settings, domain):
    for reader in known(f"biox.domains.{domain}"):
        assert f"### {domain}: `source: {reader}`" in settings


def test_defaults_are_those_of_the_code(settings):
    assert f"| `patience` | whole number, >= 1 | `{Training().patience}` |" in settings


def test_no_path_of_the_machine_that_builds_the_site_is_in_it(settings):
    assert not re.search(r"`/\w+/", settings)
