"""Figures of a few patients' tiles are as sure as those few patients make them."""

import numpy as np
import pytest

from biox.domains.histology.concerned import told
from biox.domains.histology.measures import average
from biox.stats.bootstrap import interval, resample


def asked(patients: int):
    """The mean of the tiles of some of 40 patients: with the intervals of these patients and of all."""
    subject = np.repeat(np.arange(40), 5)
    value = np.random.default_rng(0).normal(size=40)[subject]
    here = subject < patients
    drawn = resample(subject, draws=1000, seed=1)
    metric = average(np.where(here, value, np.nan))
    return told(metric, drawn, here), interval(metric, drawn)


def test_few_patients_among_many_get_a_wider_interval_and_their_own_number():
    own, every = asked(7)
    assert (own.n, every.n) == (7, 40)
    assert own.value == every.value
    assert own.low < every.low
    assert own.high > every.high


def test_all_patients_get_the_plain_interval():
    own, every = asked(40)
    assert (own.low, own.high, own.n) == pytest.approx((every.low, every.high, 40))


def test_four_patients_have_no_interval():
    own, every = asked(4)
    assert np.isfinite(own.value)
    assert np.isnan([own.low, own.high]).all()
    assert np.isfinite(every.low)
