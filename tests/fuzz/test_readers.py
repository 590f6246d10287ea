"""Whatever is done to a file, its reader gives a sentence or a valid result: a few inputs of each, drawn anew never.

The campaign that tries many more is ``python -m bench.fuzz.campaign``; what it found is in ``test_findings.py``.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.fuzz.sound import flaws, told
from bench.fuzz.targets import targets
from bench.fuzz.trying import prepared, put, tried

# A recording is read in a process of its own, which takes a second to start.
SLOW = ("c3d", "ratings")
CASES = [
    pytest.param(name, place, marks=pytest.mark.slow if name in SLOW else (), id=f"{name}-{place}")
    for name, target in targets().items()
    for place in range(len(target.cases))
]
# The same inputs in every run: a new finding belongs to the campaign, not to whoever runs the tests that day.
SAME = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(("name", "place"), CASES)
def test_a_damaged_file_ends_in_a_sentence_or_a_valid_result(name, place, tmp_path):
    case = targets()[name].cases[place]
    whole, expected = prepared(case, tmp_path)

    @SAME
    @given(random=st.randoms(use_true_random=False))
    def never_anything_else(random):
        put(case, whole, tmp_path / "input", random)
        outcome = tried(case, tmp_path / "input", expected)
        assert not outcome.finding, f"{outcome.kind}: {outcome.where}\n{outcome.words}"

    never_anything_else()


def test_a_flawed_result_is_seen_as_such(tmp_path):
    """The judge itself: what it lets pass, nothing else would find."""
    from dataclasses import replace

    import numpy as np

    case = targets()["proteomics_table"].cases[0]
    case.write(tmp_path)
    cohort = case.read(tmp_path)
    assert flaws(cohort) == []
    assert "an infinite value" in flaws(replace(cohort, x=np.full_like(cohort.x, np.inf)))
    assert flaws(replace(cohort, samples=cohort.samples.assign(sample=1)))
    assert flaws(replace(cohort, samples=cohort.samples.assign(age=[{}, 1] * 10)))
    changed = cohort.x.copy()
    changed[3, 1] += 1e-3
    assert told(cohort) != told(replace(cohort, x=changed))
