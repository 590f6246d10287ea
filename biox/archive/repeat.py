"""What is needed to repeat a study, beside its report: settings, versions of all packages, and the commands."""

import importlib.metadata
import platform
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import biox
from biox.core.files import whole, write_text
from biox.core.provenance import git_commit
from biox.core.yaml_files import load_plain

README = """# How to repeat this study

The study file is `config/{study}.yaml`; the raw data are not here. `../ro-crate-metadata.json` has their checksums.

1. Python {python}, and biox {version}{commit}. In the folder of biox, install it with the packages of then:

       pip install --constraint {here}/packages.txt .

2. In an empty folder, copy `config` there, put the raw data where `config/{study}.yaml` names them, and run:

       snakemake --snakefile BIOX/Snakefile --cores all

   BIOX is the folder of biox. The report comes to lie in `reports/{study}/index.html`.

3. What differs from this report, and why:

       biox verify {here}/..

Results are equal to the last bit on the same machine; another processor may differ in the last digits.
"""


def write_repeat(study: str, file: Path, folder: Path) -> None:
    """Write the study file, a configuration that names this study alone, all versions and the commands."""
    with whole(folder) as fresh:
        (fresh / "config").mkdir(parents=True)
        (fresh / "config" / f"{study}.yaml").write_bytes(file.read_bytes())
        write_text(fresh / "config/config.yaml", _configuration(study, file.parent / "config.yaml"))
        write_text(fresh / "packages.txt", "".join(f"{name}=={version}\n" for name, version in packages().items()))
        commit = git_commit()
        words = {
            "study": study,
            "python": platform.python_version(),
            "version": biox.__version__,
            "here": "THIS_FOLDER",
        }
        words["commit"] = f" at commit {commit}" if commit else ""
        write_text(fresh / "README.md", README.format(**words))


def packages() -> dict[str, str]:
    """The installed version of every package that biox needs, directly or through others, without its extras."""
    found: dict[str, str] = {}
    wanted = ["biox"]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        try:
            there = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[name] = there.version
        needs = [Requirement(line) for line in there.requires or []]
        wanted += [canonicalize_name(n.name) for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
    return {name: found[name] for name in sorted(found) if name != "biox"}


def _configuration(study: str, file: Path) -> str:
    """The configuration of the workflow with this study alone."""
    given = load_plain(file.read_text(encoding="utf-8"), file) if file.is_file() else {}
    given = given if isinstance(given, dict) else {}
    return yaml.safe_dump({**given, "studies": [study]}, sort_keys=False)
