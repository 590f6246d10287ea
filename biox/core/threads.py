"""How many processor threads numerical libraries use: as many as the study says, whatever the machine has.

The order in which a sum is formed depends on the number of threads, and so do the last digits of the result.
"""

import os

COUNTS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
# Libraries that may otherwise take fewer threads where a machine has fewer cores or is busy.
FIXED = ("OMP_DYNAMIC", "MKL_DYNAMIC")


def hold(count: int) -> None:
    """Hold the libraries of this process and of those it starts to ``count`` threads, before any is imported."""
    os.environ.update(dict.fromkeys(COUNTS, str(count)))
    os.environ.update(dict.fromkeys(FIXED, "FALSE"))
