"""Everything that the readers import, imported once: children of the campaign are forked from a process with this."""

import anndata  # noqa: F401
import torch
import zarr  # noqa: F401

from bench.fuzz import trying  # noqa: F401
from bench.fuzz.targets import targets
from biox.core import graph_store, store, studies  # noqa: F401
from biox.models import _weights  # noqa: F401

torch.set_num_threads(1)
targets()
