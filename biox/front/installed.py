"""What ``biox doctor`` asks of the installation: Python, packages, devices, and the programs around biox."""

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import biox
from biox.front.findings import GB, Finding

PROJECT = Path(biox.__file__).parent.parent / "pyproject.toml"
REINSTALL = "install biox again, in a fresh environment: `make run` in a checkout, or `pip install` of its wheel"
SLURM_PLUGIN = "snakemake-executor-plugin-slurm"
ASK_S = 10


def own() -> Iterator[Finding]:
    """Python, biox and its commit, and every package that it requires."""
    from packaging.requirements import Requirement

    from biox.core.provenance import git_commit
    from biox.front.workflow import home

    yield Finding("ok", "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    commit = git_commit()
    yield Finding("ok", "biox", f"{biox.__version__}" + (f", commit {commit}" if commit else ", an installed wheel"))
    yield Finding("ok", "workflow", f"{home() / 'Snakefile'}")
    wanted, wrong = [Requirement(text) for text in requirements()], []
    for one in wanted:
        try:
            version = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{one} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one} is wanted, {version} is here")
    if wrong:
        yield Finding("problem", "packages", "; ".join(wrong), REINSTALL)
    else:
        yield Finding("ok", "packages", f"all {len(wanted)} that biox requires, in versions that fit")


def requirements() -> list[str]:
    """What biox requires: by its checkout, else by the metadata of the wheel, without the extras."""
    if PROJECT.is_file():
        return tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [text for text in importlib.metadata.requires("biox") or [] if "extra ==" not in text]


def devices() -> Iterator[Finding]:
    """What torch computes on."""
    import torch

    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
        named = ", ".join(f"{card.name} ({card.total_memory / GB:.0f} GB)" for card in cards)
        yield Finding("ok", "device", f"cuda: {named}")
    elif torch.backends.mps.is_available():
        yield Finding("ok", "device", "mps")
    else:
        said = "no graphics card that torch sees: jobs run on the processor"
        build = "torch was built for the processor only" if torch.version.cuda is None else "its driver may be missing"
        yield Finding("note", "device", said, f"fine for gait and small studies; if there is a card, {build}")
    said = f"torch {torch.__version__}: {torch.get_num_threads()} here, 1 a job unless a study sets `compute: threads`"
    yield Finding("ok", "threads", said)


def openslide() -> Iterator[Finding]:
    """The library that opens slides."""
    try:
        import openslide as library

        yield Finding("ok", "OpenSlide", f"library {library.__library_version__}")
    except (ImportError, OSError) as error:
        said = f"the library cannot be loaded: {error}"
        yield Finding("problem", "OpenSlide", said, "pip install openslide-bin, or your system's openslide package")


def lrp() -> Iterator[Finding]:
    """Whether LRP here is that of the textbook."""
    from biox.front.lrp_check import TOLERANCE, largest_difference

    began = time.monotonic()
    difference = largest_difference()
    said = f"largest difference from the textbook's loops {difference:.1e} ({time.monotonic() - began:.1f} s)"
    if difference <= TOLERANCE:
        yield Finding("ok", "LRP", said)
    else:
        yield Finding(
            "problem", "LRP", f"{said}, more than {TOLERANCE:g}", f"do not trust relevances here; {REINSTALL}"
        )


def programs() -> Iterator[Finding]:
    """The programs that some need: a browser for PDFs, Slurm, containers and conda."""
    from biox.core.browsers import browser

    found = browser()
    if found:
        yield Finding("ok", "Chromium", f"{found}: reports are printed as PDF")
    else:
        step = "install chromium, or print the page from any browser; all else works without it"
        yield Finding("note", "Chromium", "none here: reports have no PDF", step)
    yield slurm()
    there = [name for name in ("apptainer", "singularity", "conda", "mamba") if shutil.which(name)]
    said = ", ".join(there) if there else "neither apptainer nor conda"
    yield Finding("ok", "containers", said if there else f"{said}: needed only to run jobs in containers")


def slurm() -> Finding:
    """The queue of a cluster, and the plugin that snakemake needs for it."""
    plugin = importlib.util.find_spec(SLURM_PLUGIN.replace("-", "_")) is not None
    if not shutil.which("sinfo"):
        return Finding("ok", "Slurm", "none here: jobs run on this machine")
    try:
        asked = subprocess.run(["sinfo", "-h", "-o", "%R"], capture_output=True, text=True, timeout=ASK_S)
        partitions = " ".join(sorted(set(asked.stdout.split())))
        trouble = asked.stderr.strip()
    except subprocess.TimeoutExpired:
        partitions, trouble = "", f"sinfo did not answer within {ASK_S} s"
    if not partitions:
        return Finding(
            "note", "Slurm", f"sinfo is here, but {trouble or 'lists no partition'}", "ask your cluster's help"
        )
    if not plugin:
        return Finding("note", "Slurm", f"partitions {partitions}; no plugin for it", f"pip install {SLURM_PLUGIN}")
    if not accounting():
        step = "add `slurm-status-command: squeue` to the profile (docs/cluster.md), or jobs that end are never noticed"
        return Finding("note", "Slurm", f"partitions {partitions}; no accounting: sacct tells nothing", step)
    return Finding("ok", "Slurm", f"partitions {partitions}; biox run STUDY --profile slurm")


def accounting() -> bool:
    """Whether Slurm keeps accounts, by which the plugin learns how jobs ended."""
    if not shutil.which("sacct"):
        return False
    try:
        return subprocess.run(["sacct", "-n", "-X"], capture_output=True, timeout=ASK_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False
