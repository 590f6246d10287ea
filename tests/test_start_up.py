"""What a command loads before it does anything: each job pays for it."""

import subprocess
import sys

from tests.workflow_runs import ROOT

HEAVY = ("torch", "numpy", "pandas", "scipy", "pydantic", "zarr", "sklearn")


def loaded(program: str, *packages: str) -> list[str]:
    """Which of the packages are there after a program has run in a process of its own."""
    asked = f"{program}\nimport sys\nprint(*[name for name in {packages!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_the_command_line_answers_without_loading_any_numerical_package():
    assert loaded("from biox import cli; cli.parser().format_help()", *HEAVY) == []


def test_the_search_for_loaded_packages_finds_one_that_is_there():
    assert loaded("import numpy", *HEAVY) == ["numpy"]


def test_reading_raw_data_loads_no_network():
    assert loaded("import biox.steps.ingest, biox.steps.simulate, biox.core.store", "torch", "sklearn", "spm1d") == []


def test_explaining_loads_neither_solvers_nor_packages_that_only_some_methods_use():
    some = ("sklearn", "captum", "matplotlib", "skimage", "umap", "spm1d")
    assert loaded("import biox.steps.attribute, biox.models.linear_svm, biox.models.logistic", *some) == []


def test_writing_a_report_loads_no_network():
    assert loaded("import biox.steps.report, biox.steps.index", "torch", "sklearn", "spm1d", "umap") == []
