"""What a study's models say of new slides, or of new pictures: the values that the one-slide report is written from."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from biox.core.types import Cohort, Relevance
from biox.domains.histology.tile_colours import Likeness

OVER = 0.5
"""A tile is over the threshold where its probability of the class is higher."""


@dataclass(frozen=True)
class SlidePrediction:
    """New slides, their tiles, and how they compare with the cohort.

    new: the tiles (or bags of tiles) as read. positive: the class whose probability is given.
    tiles: one row a sample of ``new``: ``sample``, ``slide``, ``predicted``, ``agree`` (share of the folds' models that
    name the same), ``score`` (probability of ``positive``, of the mean logits over the folds), one ``logit:<class>`` a
    class, its place and its flags. slides: one row a slide: ``slide``, ``tiles``, ``score`` (mean probability),
    ``over`` (share of tiles over the threshold), ``agree``, ``place`` (share of the cohort's slides that score lower),
    ``flagged`` (share of tiles with a flaw, NaN where not judged), ``known`` (a slide of that name is in the cohort).
    reference: the cohort's slides, out of fold: ``slide``, ``labels``, ``positive`` (share of tiles labelled so),
    ``score``, ``over``.
    relevance: mean over the folds' models. rests: by slide, of ``resting``; likeness: by slide, of ``tile_colours``.
    """

    new: Cohort
    positive: str
    tiles: pd.DataFrame
    slides: pd.DataFrame
    reference: pd.DataFrame
    relevance: Relevance
    rests: Mapping[str, pd.DataFrame]
    likeness: Mapping[str, Likeness]


def by_models(known: bool) -> str:
    """Which models explain a slide: all, and of a slide of the cohort all but those that kept it out learnt from it."""
    every = "the mean of the models of all folds"
    return f"{every}, of which most learnt from a slide of this name" if known else every
