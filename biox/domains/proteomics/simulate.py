"""A simulated protein table as a laboratory keeps it, and the truth that no laboratory has.

proteins.csv    one row a sample: sample, then the proteins; empty where not measured
samples.csv     sample, patient, type, batch, group (whose edges hold in the sample; here always the type)
truth.csv       source, target, group, effect: one row an edge and group
pathways.gmt    the modules of the truth, and decoys of the same sizes
new_*.csv       proteins and samples of further patients, where ``new`` asks for them
"""

from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.files import write_text
from biox.domains.proteomics.block_tables import blocks
from biox.domains.proteomics.disturbed import batches, shifted, with_gaps
from biox.domains.proteomics.regulation_tables import regulation
from biox.domains.proteomics.simulated import Simulated
from biox.domains.proteomics.simulation import Simulation

KINDS = {"blocks": blocks, "regulation": regulation}
DIGITS = "%.7g"


def write(settings: Simulation, folder: Path) -> None:
    """Write a simulated table with its sheet, its truth and its pathways into a folder.

    Equal settings give equal files. A study then reads them with ``{source: table, file: FOLDER/proteins.csv,
    sheet: FOLDER/samples.csv}``. New patients are drawn with the others and put aside at random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = KINDS[settings.kind](settings, settings.samples + settings.new)
    x, sheet = tables(made, settings)
    rng = np.random.default_rng([settings.seed, 3])
    new = np.zeros(len(sheet), bool)
    new[rng.choice(len(sheet), settings.new, replace=False)] = True
    for rows, start in ((~new, ""), (new, "new_")):
        if rows.any():
            x[rows].to_csv(folder / f"{start}proteins.csv", index=False, float_format=DIGITS)
            sheet[rows].to_csv(folder / f"{start}samples.csv", index=False)
    made.edges().to_csv(folder / "truth.csv", index=False, float_format=DIGITS)
    write_text(folder / "pathways.gmt", pathways(made, rng))


def tables(made: Simulated, settings: Simulation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The protein table with its batches and gaps, and the sample sheet, row by row the same samples."""
    rng = np.random.default_rng([settings.seed, 2])
    batch = batches(rng, len(made.x), settings.batches)
    x = with_gaps(rng, shifted(rng, made.x, batch, settings.batch_shift), settings.missing)
    digits = len(str(len(x)))
    numbers = [f"{k:0{digits}d}" for k in range(1, len(x) + 1)]
    sheet = pd.DataFrame(
        {
            "sample": [f"sample-{k}" for k in numbers],
            "patient": [f"patient-{k}" for k in numbers],
            "type": made.groups,
            "batch": [f"batch-{k + 1}" for k in batch],
            "group": made.groups,
        }
    )
    proteins = pd.DataFrame(x, columns=list(made.proteins))
    proteins.insert(0, "sample", sheet["sample"])
    return proteins, sheet


def pathways(made: Simulated, rng: np.random.Generator) -> str:
    """Gene sets in the layout of ``.gmt``: every module, then as many decoys of the same sizes, drawn at random."""
    decoys = {
        f"decoy-{k}": sorted(rng.choice(made.proteins, len(proteins), replace=False))
        for k, proteins in enumerate(made.modules.values(), start=1)
    }
    lines = [[name, "simulated module", *proteins] for name, proteins in made.modules.items()]
    lines += [[name, "drawn at random", *proteins] for name, proteins in decoys.items()]
    return "".join("\t".join(line) + "\n" for line in lines)
