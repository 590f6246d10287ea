"""The command line: one subcommand a verb.

Exit codes: 0 done, 1 a fault of biox (with its traceback) or a run in which a job failed, 2 something the user can mend
(one sentence says what), 130 stopped by the user.
"""

import argparse
import errno
import os
import shlex
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import biox
from biox import commands, explaining, graphing, predicting, reporting
from biox.archive import crate, pdf, verify
from biox.core.errors import InputError
from biox.front import completion, doctor, new, plan
from biox.front import run as running
from biox.front.words import misunderstood

FAULT = (
    "This is a fault of biox, not of your files. Please report it where biox is developed (the issues of its "
    "repository), with the lines above, the output of `biox doctor`, and what you called: {command}"
)
# The disk is full, read-only or not ours to read or write.
UNWRITABLE = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT)

AGAIN = "Nothing half done was kept; mend that, and start the same command again."


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if words is None else words
    if "_ARGCOMPLETE" in os.environ:
        completion.complete(parser())
    wrong = misunderstood(words, VERBS)
    if wrong is not None:
        print(wrong, file=sys.stderr)
        return 2
    own, further = split(words)
    options = parser().parse_args(own, argparse.Namespace(further=further))
    try:
        return carried_out(options)
    except Exception:
        traceback.print_exc()
        print(FAULT.format(command=shlex.join(["biox", *words])), file=sys.stderr)
        return 1


def carried_out(options: argparse.Namespace) -> int:
    """Run one command; returns the exit code, and raises what is a fault of biox."""
    try:
        prepare(options)
        return options.run(options) or 0
    except InputError as error:
        print(f"biox {options.verb}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        print(
            f"biox {options.verb}: cannot use {error.filename or 'a file'}: {error.strerror}.", AGAIN, file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        print(f"biox {options.verb}: stopped; nothing half done was kept.", file=sys.stderr)
        return 130


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of ``biox run``, and those after ``--``, which are for snakemake."""
    if words[0] != "run" or "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def prepare(options: argparse.Namespace) -> None:
    """Hold numerical libraries to the threads that the study sets for this step, before any of them is imported."""
    from biox.core.orphans import end_with_workflow
    from biox.core.studies import PARTS, read_study
    from biox.core.threads import hold
    from biox.places import Places

    end_with_workflow()
    if "compute" in PARTS.get(options.verb, ()):
        hold(read_study(Places(options.config, options.results, options.study).file).compute.threads)
    else:
        hold(1)


def parser() -> argparse.ArgumentParser:
    """All subcommands and their options."""
    top = argparse.ArgumentParser(prog="biox", description=biox.__doc__)
    top.add_argument("--version", action="version", version=f"biox {biox.__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=Path("config"), help="folder of the study files (config)")
    common.add_argument("--results", type=Path, default=Path("results"), help="folder of all results (results)")

    for name, (run, arguments) in VERBS.items():
        one = verbs.add_parser(name, parents=[common], help=summary(run), description=summary(run))
        one.set_defaults(run=run)
        for argument in arguments:
            flags, settings = ARGUMENTS[argument]
            added = one.add_argument(*flags, **settings)
            if argument in NAMING_STUDIES:
                added.completer = completion.study_names  # pyright: ignore[reportAttributeAccessIssue]
    return top


# The packages of biox.domains (a test holds the two together): looking for them would take as long as all the rest.
DOMAINS = ("gait", "histology", "proteomics")
ARGUMENTS: dict[str, tuple[tuple[str, ...], dict]] = {
    "study": (("study",), {"help": "name of a study in the config folder, or the path of its file"}),
    "studies": (("studies",), {"nargs": "+", "help": "names of studies"}),
    "fold": (("--fold",), {"type": int, "required": True, "help": "number of the fold, from 0"}),
    "method": (("--method",), {"required": True, "help": "name of a method of the study"}),
    "shard": (("--shard",), {"type": int, "default": 0, "help": "number of the shard of samples or patients (0)"}),
    "out": (("--out",), {"type": Path, "required": True, "help": "where the result goes"}),
    "file": (
        ("file",),
        {
            "nargs": "?",
            "type": Path,
            "help": "new trials (tidy table), or a slide, a picture, an .npz, a folder of them",
        },
    ),
    "case": (("--case",), {"help": "name of a case in the study's predict section, instead of a file"}),
    "variant": (("--variant",), {"default": "main", "help": "whose models judge: main, or a variant of the study"}),
    "page": (("--page",), {"type": Path, "help": "where the report of the case goes (report.html in --out)"}),
    "some": (("studies",), {"nargs": "*", "help": "names of studies (those that config.yaml lists)"}),
    "domain": (("--domain",), {"required": True, "choices": DOMAINS, "help": "the field of the study"}),
    "source": (("--source",), {"help": "what reads the data (table, or slides); simulate: data of our making"}),
    "cores": (("--cores",), {"help": "processor cores to use, a number or all (what the profile says)"}),
    "profile": (
        ("--profile",),
        {"default": "default", "help": "how jobs are run: default, slurm, or a profile's folder"},
    ),
    "dry": (("--dry-run",), {"action": "store_true", "help": "only say what would be done"}),
    "unlock": (("--unlock",), {"action": "store_true", "help": "first take away the lock of a run that is dead"}),
    "all": (("--all",), {"action": "store_true", "help": "count what is already done, too"}),
    "folder": (("report",), {"type": Path, "help": "the folder of a report, such as reports/STUDY"}),
    "shell": (("shell",), {"choices": completion.SHELLS, "help": "which shell"}),
    "with": (("--method",), {"help": "name of the method to explain with (the study's first)"}),
}

NAMING_STUDIES = ("study", "studies", "some")

VERBS: dict[str, tuple[Callable[[argparse.Namespace], int | None], tuple[str, ...]]] = {
    "new": (new.new, ("study", "domain", "source")),
    "run": (running.run, ("some", "cores", "profile", "dry", "unlock")),
    "plan": (plan.plan, ("some", "profile", "all")),
    "doctor": (doctor.doctor, ()),
    "completion": (completion.completion, ("shell",)),
    "check": (commands.check, ("studies",)),
    "simulate": (commands.simulate, ("study", "out")),
    "ingest": (commands.ingest, ("study", "out")),
    "external": (commands.external, ("study", "out")),
    "train": (commands.train, ("study", "fold", "out")),
    "attribute": (explaining.attribute, ("study", "fold", "method", "shard", "out")),
    "trust": (explaining.trust, ("study", "fold", "out")),
    "influence": (graphing.influence, ("study", "fold", "method", "shard", "out")),
    "baselines": (graphing.baselines, ("study", "out")),
    "graphs": (graphing.graphs, ("study", "out")),
    "heatmaps": (explaining.heatmaps, ("study", "method", "out")),
    "validate": (commands.validate, ("study", "out")),
    "viewer": (reporting.viewer, ("study", "out")),
    "report": (reporting.report, ("study", "out")),
    "index": (reporting.index, ("studies", "out")),
    "predict": (predicting.predict, ("study", "file", "case", "variant", "with", "out", "page")),
    "ratings": (commands.ratings, ("study", "out")),
    "pdf": (pdf.pdf, ("study", "out")),
    "crate": (crate.crate, ("study", "out")),
    "verify": (verify.verify, ("folder",)),
}


def summary(run: Callable[[argparse.Namespace], int | None]) -> str:
    """What a command does, from its docstring."""
    return (run.__doc__ or "").split("\n")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
