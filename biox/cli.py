"""The command line: one subcommand a verb.

Exit codes: 0 done, 1 a fault of biox (with its traceback), 2 something the user can mend (one sentence says what),
130 stopped by the user.
"""

import argparse
import errno
import sys
from collections.abc import Callable
from pathlib import Path

import biox
from biox import commands, explaining, graphing, predicting
from biox.core.errors import InputError

# The disk is full, read-only or not ours to write.
UNWRITABLE = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT)


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(words)
    try:
        prepare(options)
        options.run(options)
    except InputError as error:
        print(f"biox {options.verb}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        print(f"biox {options.verb}: cannot write {error.filename or ''}: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"biox {options.verb}: stopped; nothing half done was kept.", file=sys.stderr)
        return 130
    return 0


def prepare(options: argparse.Namespace) -> None:
    """Hold numerical libraries to the threads that the study sets for this step, before any of them is imported."""
    from biox.core.studies import PARTS, read_study
    from biox.core.threads import hold
    from biox.places import Places

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
            one.add_argument(*flags, **settings)
    return top


ARGUMENTS: dict[str, tuple[tuple[str, ...], dict]] = {
    "study": (("study",), {"help": "name of a study in the config folder, or the path of its file"}),
    "studies": (("studies",), {"nargs": "+", "help": "names of studies"}),
    "fold": (("--fold",), {"type": int, "required": True, "help": "number of the fold, from 0"}),
    "method": (("--method",), {"required": True, "help": "name of a method of the study"}),
    "shard": (("--shard",), {"type": int, "default": 0, "help": "number of the shard of a graph study's patients (0)"}),
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
    "with": (("--method",), {"help": "name of the method to explain with (the study's first)"}),
}

VERBS: dict[str, tuple[Callable[[argparse.Namespace], None], tuple[str, ...]]] = {
    "check": (commands.check, ("studies",)),
    "simulate": (commands.simulate, ("study", "out")),
    "ingest": (commands.ingest, ("study", "out")),
    "external": (commands.external, ("study", "out")),
    "train": (commands.train, ("study", "fold", "out")),
    "attribute": (explaining.attribute, ("study", "fold", "method", "out")),
    "trust": (explaining.trust, ("study", "fold", "out")),
    "influence": (graphing.influence, ("study", "fold", "method", "shard", "out")),
    "baselines": (graphing.baselines, ("study", "out")),
    "graphs": (graphing.graphs, ("study", "out")),
    "heatmaps": (explaining.heatmaps, ("study", "method", "out")),
    "validate": (commands.validate, ("study", "out")),
    "report": (commands.report, ("study", "out")),
    "index": (commands.index, ("studies", "out")),
    "predict": (predicting.predict, ("study", "file", "case", "variant", "with", "out", "page")),
    "ratings": (commands.ratings, ("study", "out")),
}


def summary(run: Callable[[argparse.Namespace], None]) -> str:
    """What a command does, from its docstring."""
    return (run.__doc__ or "").split("\n")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
