"""What earlier runs measured: the files ``benchmarks/STUDY/STEP-*.tsv`` that snakemake writes beside each job."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean


@dataclass(frozen=True)
class Measured:
    """What one job took. seconds: from start to end. memory_mb: the most that it held; None where nobody looked."""

    seconds: float
    memory_mb: float | None = None


def of(file: Path) -> list[Measured]:
    """What one file says, a row a repeat; nothing where it cannot be read, since only a guess hangs on it."""
    try:
        rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
        return [Measured(float(row["s"]), _number(row.get("max_rss"))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def by_step(benchmarks: Path) -> dict[tuple[str, str], list[Measured]]:
    """What was measured in earlier runs, by study and step."""
    found: dict[tuple[str, str], list[Measured]] = {}
    for file in sorted(_files(benchmarks)):
        if measured := of(file):
            study = file.parent.name if file.parent != benchmarks else ""
            found.setdefault((study, file.stem.split("-")[0]), []).extend(measured)
    return found


def typical(measured: Iterable[Measured]) -> Measured:
    """What another job of the kind may take: as long as they took on average, and as much memory as the largest."""
    measured = list(measured)
    memory = [one.memory_mb for one in measured if one.memory_mb is not None]
    return Measured(fmean(one.seconds for one in measured), max(memory, default=None))


def _files(benchmarks: Path) -> Iterator[Path]:
    yield from benchmarks.glob("*.tsv")
    yield from benchmarks.glob("*/*.tsv")


def _number(text: str | None) -> float | None:
    """A number; None for snakemake's ``-`` and ``NA``, where a job ended before it was looked at."""
    return float(text) if text not in (None, "", "-", "NA") else None
