"""The controls of a graph study: who goes with whom, judged without the network.

Of all samples, ``x (sample, protein) -> (source, target)``, never negative, 0 on the diagonal:

pearson    absolute correlation
partial    absolute partial correlation, covariance shrunk (Ledoit and Wolf 2004)
lasso      absolute partial correlation from a sparse precision matrix (graphical lasso)
genie3     importance of the source in a forest that predicts the target (``Forest`` says which)

Of each sample, ``-> (sample, source, target)``, never negative, 0 on the diagonal:

lioness    how far one sample moves the correlation of the others; ``lioness_within`` for the samples of one table
product    both values of the sample multiplied
"""

from biox.graphs.baselines.genie3 import Forest, genie3
from biox.graphs.baselines.lasso import lasso
from biox.graphs.baselines.lioness import lioness, lioness_within
from biox.graphs.baselines.partial import partial
from biox.graphs.baselines.pearson import pearson
from biox.graphs.baselines.product import product

__all__ = ["Forest", "genie3", "lasso", "lioness", "lioness_within", "partial", "pearson", "product"]
