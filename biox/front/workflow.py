"""The workflow of this biox: that of its checkout, or that of its wheel; and the words that snakemake gets."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

import biox
from biox.core.errors import InputError, listed
from biox.core.study_files import SETTINGS

PACKAGE = Path(biox.__file__).parent


@dataclass(frozen=True)
class Asked:
    """What a run is asked for. further: words for snakemake, as they are."""

    studies: tuple[str, ...]
    config: Path
    profile: str
    cores: str | None
    further: tuple[str, ...] = ()


def home() -> Path:
    """The folder of the Snakefile."""
    found = next((folder for folder in (PACKAGE.parent, PACKAGE / "carried") if (folder / "Snakefile").is_file()), None)
    if found is None:
        raise InputError(
            f"This installation of biox ({PACKAGE}) has no Snakefile. Install a wheel that was built from a checkout, "
            "or run in a checkout."
        )
    return found


def carried_settings() -> Path:
    """The workflow's own settings, for a folder that has none."""
    file = home() / SETTINGS
    return file if file.is_file() else home() / "config" / SETTINGS


def profile_folder(name: str) -> str:
    """A profile of biox by its name (``default``, ``slurm``), or else what snakemake knows by that name or path."""
    own = home() / "workflow" / "profiles"
    if (own / name / SETTINGS).is_file():
        refuse_without_plugin(own / name)
        return str(own / name)
    if "/" in name and not Path(name).is_dir():
        there = sorted(folder.parent.name for folder in own.glob(f"*/{SETTINGS}"))
        raise InputError(f"There is no profile folder {name}; biox has the profiles {listed(there)}.")
    return name


def refuse_without_plugin(profile: Path) -> None:
    """A profile whose executor is a plugin that is not installed is an InputError; Snakemake would list its options."""
    import yaml

    executor = str(yaml.safe_load((profile / SETTINGS).read_text(encoding="utf-8")).get("executor", ""))
    plugin = f"snakemake-executor-plugin-{executor}"
    if executor and importlib.util.find_spec(plugin.replace("-", "_")) is None:
        raise InputError(
            f"The profile {profile.name} needs {plugin}, which is not installed: pip install 'biox[cluster]', or in a "
            f"checkout .venv/bin/pip install --constraint constraints.txt {plugin}."
        )


def command(asked: Asked) -> list[str]:
    """The command line of snakemake for these studies, in the folder where it is called."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(home() / "Snakefile")]
    words += ["--profile", profile_folder(asked.profile)]
    words += ["--cores", asked.cores] if asked.cores else []
    # A setting that stands in this folder must not be overwritten by one that biox carries.
    own = asked.config / SETTINGS
    usual = own == Path("config") / SETTINGS
    if not (usual and own.is_file()):
        words += ["--configfile", str(own if own.is_file() else carried_settings())]
    words += ["--config", f"studies=[{','.join(asked.studies)}]", f"study_folder={asked.config}"]
    return [*words, *asked.further]
