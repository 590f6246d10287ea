"""Small tables of protein levels with nothing wrong, for tests to break."""

import numpy as np
import pandas as pd

SAMPLES = tuple(f"S{number:02d}" for number in range(24))
PROTEINS = ("AKT1", "TP53", "14-3-3_beta", "HER2", "MAPK1")


def levels(samples=SAMPLES, proteins=PROTEINS, seed=0) -> pd.DataFrame:
    """Positive levels with two decimals, one row a sample; the index is called ``sample``."""
    values = np.random.default_rng(seed).uniform(1, 20, (len(samples), len(proteins))).round(2)
    return pd.DataFrame(values, index=pd.Index(samples, name="sample"), columns=list(proteins))


def sheet(samples=SAMPLES) -> pd.DataFrame:
    """Two patients' types in turn, three batches, an age and a code that looks like a number."""
    number = np.arange(len(samples))
    return pd.DataFrame(
        {
            "sample": samples,
            "patient": [f"P{n:02d}" for n in number],
            "type": np.where(number % 2, "luminal", "basal"),
            "batch": [f"b{n % 3}" for n in number],
            "age_years": 40 + number,
            "code": [f"{n:02d}" for n in number],
            "group": number % 4,
        }
    )
