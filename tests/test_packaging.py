"""What is written in two places must say the same."""

import re
import tomllib
from pathlib import Path

import yaml

import biox

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement)[0].lower().replace("_", "-")


def test_the_conda_environment_asks_for_the_packages_of_the_project():
    environment = yaml.safe_load((ROOT / "workflow/envs/biox.yaml").read_text())
    by_pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert sorted(by_pip) == sorted(PROJECT["dependencies"])


def test_every_required_package_is_pinned_to_a_tested_version():
    pinned = {name_of(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")}
    wanted = [*PROJECT["dependencies"], *(r for group in PROJECT["optional-dependencies"].values() for r in group)]
    assert {name_of(requirement) for requirement in wanted} - {"biox"} <= pinned  # extras may name each other


def test_the_citation_names_the_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == biox.__version__
