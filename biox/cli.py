"""The command line: one subcommand a verb. It resolves all paths, loads and saves; the steps themselves touch no file.

Exit codes: 0 done, 1 a fault of biox (with its traceback), 2 something the user can mend (one sentence says what).
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import biox
from biox.core.errors import InputError

if TYPE_CHECKING:
    from biox.core.study import Study


@dataclass(frozen=True)
class Places:
    """Where everything of one study lies."""

    config: Path
    results: Path
    study: str

    @property
    def file(self) -> Path:
        """The study file: ``config/NAME.yaml``, or the path itself where a path was given."""
        return Path(self.study) if self.study.endswith((".yaml", ".yml")) else self.config / f"{self.study}.yaml"

    @property
    def root(self) -> Path:
        """The results folder of the study."""
        return self.results / self.file.stem

    @property
    def cohort(self) -> Path:
        """The cohort's folder."""
        return self.root / "cohort"

    @property
    def evidence(self) -> Path:
        """The evidence's folder."""
        return self.root / "evidence"

    def fit(self, fold: int) -> Path:
        """The folder of one fold's fits."""
        return self.root / f"fold-{fold}" / "fit"

    def relevance(self, fold: int, method: str) -> Path:
        """The folder of one fold's relevances by one method."""
        return self.root / f"fold-{fold}" / f"relevance-{method}.zarr"


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(words)
    try:
        prepare(options)
        options.run(options)
    except InputError as error:
        print(f"biox {options.verb}: {error}", file=sys.stderr)
        return 2
    return 0


def prepare(options: argparse.Namespace) -> None:
    """Hold numerical libraries to the threads that the study allows, before any of them is imported."""
    options.places = Places(options.config, options.results, getattr(options, "study", ""))
    threads = str(options.threads)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = threads


def parser() -> argparse.ArgumentParser:
    """All subcommands and their options."""
    top = argparse.ArgumentParser(prog="biox", description=biox.__doc__)
    top.add_argument("--version", action="version", version=f"biox {biox.__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=Path("config"), help="folder of the study files (config)")
    common.add_argument("--results", type=Path, default=Path("results"), help="folder of all results (results)")
    common.add_argument("--threads", type=int, default=1, help="processor threads to use (1)")

    def verb(name: str, run: object, text: str, *arguments: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, parents=[common], help=text, description=text)
        one.set_defaults(run=run)
        for argument in arguments:
            one.add_argument(*ARGUMENTS[argument][0], **ARGUMENTS[argument][1])
        return one

    verb("check", run_check, "check study files without running anything", "studies")
    verb("ingest", run_ingest, "read a study's raw data into a cohort", "study", "out")
    verb("train", run_train, "train the models of one fold", "study", "fold", "out")
    verb("attribute", run_attribute, "explain the models of one fold by one method", "study", "fold", "method", "out")
    verb("validate", run_validate, "test models and explanations", "study", "out")
    verb("report", run_report, "write the report of a study", "study", "out")
    verb("index", run_index, "write the page that leads to all reports", "studies", "out")
    verb("predict", run_predict, "apply a study's models to new people", "study", "file", "case", "out")
    return top


ARGUMENTS: dict[str, tuple[tuple[str, ...], dict]] = {
    "study": (("study",), {"help": "name of a study in the config folder, or the path of its file"}),
    "studies": (("studies",), {"nargs": "+", "help": "names of studies"}),
    "fold": (("--fold",), {"type": int, "required": True, "help": "number of the fold, from 0"}),
    "method": (("--method",), {"required": True, "help": "name of a method of the study"}),
    "out": (("--out",), {"type": Path, "required": True, "help": "where the result goes"}),
    "file": (("file",), {"nargs": "?", "type": Path, "help": "tidy table of new trials (CSV or Parquet)"}),
    "case": (("--case",), {"help": "name of a case in the study's predict section, instead of a file"}),
}


def study_at(places: Places) -> "Study":
    """The checked study, whose folds and methods the paths are made of."""
    from biox.core.studies import read_study

    return read_study(places.file)


def run_check(options: argparse.Namespace) -> None:
    """``biox check STUDY...``."""
    from biox.core.studies import input_files

    for name in options.studies:
        study = study_at(Places(options.config, options.results, name))
        input_files(study)
        sizes = f"{study.folds.count} folds, {len(study.all_variants())} variants, {len(study.methods)} methods"
        print(f"{name}: fine ({sizes})")


def run_ingest(options: argparse.Namespace) -> None:
    """``biox ingest STUDY --out FOLDER``."""
    from biox.core import provenance, store
    from biox.core.studies import input_files, settings_for
    from biox.steps.ingest import ingest

    study = study_at(options.places)
    files = input_files(study)
    store.save_cohort(ingest(study), options.out)
    provenance.write(options.out, provenance.provenance("ingest", settings_for(study, "ingest"), study.seed, files))


def run_train(options: argparse.Namespace) -> None:
    """``biox train STUDY --fold K --out FOLDER``."""
    from biox.core import provenance, store
    from biox.core.files import whole
    from biox.core.studies import settings_for
    from biox.steps.train import train

    study, places = study_at(options.places), options.places
    fits = train(store.load_cohort(places.cohort), study, options.fold)
    with whole(options.out) as fresh:
        for variant, fit in fits.items():
            store.save_fit(fit, fresh / variant)
        settings = {**settings_for(study, "train"), "fold": options.fold}
        provenance.write(fresh, provenance.provenance("train", settings, study.seed, [places.cohort]))


def run_attribute(options: argparse.Namespace) -> None:
    """``biox attribute STUDY --fold K --method NAME --out FOLDER``."""
    from biox.core import provenance, store
    from biox.core.files import whole
    from biox.core.studies import settings_for
    from biox.steps.attribute import attribute

    study, places = study_at(options.places), options.places
    inputs = [places.cohort, places.fit(options.fold)]
    relevances = attribute(store.load_cohort(inputs[0]), store.load_fits(inputs[1]), options.method, study)
    with whole(options.out) as fresh:
        for variant, relevance in relevances.items():
            store.save_relevance(relevance, fresh / variant)
        settings = {**settings_for(study, "attribute"), "fold": options.fold, "method": options.method}
        provenance.write(fresh, provenance.provenance("attribute", settings, None, inputs))


def run_validate(options: argparse.Namespace) -> None:
    """``biox validate STUDY --out FOLDER``."""
    from biox.core import provenance, store
    from biox.core.studies import settings_for
    from biox.steps.validate import validate

    study, places = study_at(options.places), options.places
    cohort, fits, relevances = everything(study, places)
    store.save_evidence(validate(cohort, study, fits, relevances), options.out)
    inputs = [places.cohort, *(places.fit(fold) for fold in fits)]
    record = provenance.provenance("validate", settings_for(study, "validate"), study.seed, inputs)
    provenance.write(options.out, record)


def everything(study: "Study", places: Places):
    """Cohort, fits by fold and variant, and relevances by method, fold and variant."""
    from biox.core import store

    folds = range(study.folds.count)
    relevances = {
        method: {fold: store.load_relevances(places.relevance(fold, method)) for fold in folds}
        for method in study.methods
    }
    return store.load_cohort(places.cohort), {fold: store.load_fits(places.fit(fold)) for fold in folds}, relevances


def run_report(options: argparse.Namespace) -> None:
    """``biox report STUDY --out FILE``: the page, and its figures in a folder beside it."""
    raise NotImplementedError


def run_index(options: argparse.Namespace) -> None:
    """``biox index STUDY... --out FILE``."""
    raise NotImplementedError


def run_predict(options: argparse.Namespace) -> None:
    """``biox predict STUDY FILE --out FOLDER``."""
    raise NotImplementedError


if __name__ == "__main__":
    sys.exit(main())
