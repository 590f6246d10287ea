"""The shares with the smallest error."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biox.explain.simplex import alone, balanced, lowest

SEVERAL = st.integers(1, 7)


def error(form, shares):
    return shares @ form @ shares


def grid(methods, steps):
    """All shares that are multiples of 1 / steps."""
    counts = (c for c in itertools.product(range(steps + 1), repeat=methods - 1) if sum(c) <= steps)
    return [np.array([*c, steps - sum(c)]) / steps for c in counts]


@st.composite
def forms(draw, methods=SEVERAL):
    """Positive semidefinite matrices: any rank, tied methods, methods and wholes of any size."""
    n, seed = draw(methods), draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    parts = random.normal(size=(n, draw(st.integers(1, n + 2)))) + draw(st.sampled_from([0.0, 1.0, 10.0]))
    parts *= 10.0 ** random.integers(-5, 6, size=(n, 1)) if draw(st.booleans()) else 1.0
    if n > 1 and draw(st.booleans()):
        parts[1] = parts[0]
    if draw(st.booleans()):
        parts[draw(st.integers(0, n - 1))] = 0
    return parts @ parts.T * 10.0 ** draw(st.integers(-120, 120))


@settings(max_examples=400, deadline=None)
@given(forms())
def test_no_single_method_errs_less_than_the_best_combination(form):
    shares = lowest(form)
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    assert error(form, shares) <= np.diag(form).min() * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(forms(methods=st.integers(2, 3)))
def test_no_point_of_a_grid_errs_less_than_the_best_combination(form):
    best = error(form, lowest(form))
    points = grid(len(form), 200 if len(form) == 2 else 60)
    assert best <= min(error(form, p) for p in points) + 1e-8 * np.diag(form).min()


def test_two_methods_with_independent_errors_get_shares_by_inverse_variance():
    assert lowest(np.diag([1.0, 4.0])) == pytest.approx([0.8, 0.2], abs=1e-8)


def test_a_method_that_only_adds_error_gets_nothing():
    assert lowest(np.array([[1.0, 2.0], [2.0, 9.0]])) == pytest.approx([1, 0], abs=1e-12)


def test_duplicates_share_the_weight_of_one_and_change_nothing():
    once = np.array([[1.0, 0.2], [0.2, 2.0]])
    twice = once[np.ix_([0, 0, 1], [0, 0, 1])]
    shares = lowest(twice)
    assert shares[:2].sum() == pytest.approx(lowest(once)[0], abs=1e-6)
    assert shares[0] == pytest.approx(shares[1], abs=1e-6)


def test_where_all_are_perfect_all_get_the_same():
    assert lowest(np.zeros((4, 4))) == pytest.approx(np.full(4, 0.25))


@pytest.mark.parametrize(
    "form",
    [np.array([[1.0, 3.0], [3.0, 1.0]]) * -1, np.array([[1.0, np.nan], [np.nan, 1.0]]), np.triu(np.ones((2, 2)))],
)
def test_what_is_no_error_is_refused(form):
    with pytest.raises(ValueError, match="quadratic form"):
        lowest(form)


def test_a_form_that_falls_without_end_is_refused():
    with pytest.raises(ValueError, match="no solution"):
        lowest(np.array([[1.0, -3.0], [-3.0, 1.0]]))


def best_of_each(first, second):
    return balanced(first, second, (alone(first).min(), alone(second).min()))


def worse(first, second, shares):
    """The worse of two mean errors, each in units of the best method alone."""
    means = [np.mean([error(f, w) for f, w in zip(form, shares, strict=True)]) for form in (first, second)]
    units = [np.mean([np.diag(f) for f in form], axis=0).min() for form in (first, second)]
    return max(mean / unit for mean, unit in zip(means, units, strict=True))


@settings(max_examples=40, deadline=None)
@given(forms(methods=st.just(3)), forms(methods=st.just(3)))
def test_the_balanced_shares_have_the_smallest_worse_error(first, second):
    if np.diag(first).min() == 0 or np.diag(second).min() == 0:
        return
    first, second = first[None] / np.diag(first).min(), second[None] / np.diag(second).min()
    shares = best_of_each(first, second)
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1, abs=1e-9)
    best = min(worse(first, second, p[None]) for p in grid(3, 60))
    assert worse(first, second, shares) <= best * (1 + 1e-4) + 1e-9


def test_a_form_that_is_nearly_flat_in_one_direction_is_solved():
    """For one in twenty of these the solver does not settle at the smallest ridge."""
    rng = np.random.default_rng(0)
    for _ in range(400):
        noise = rng.normal(size=(3, 3)) * 5e-9
        flat = np.array([[1, 0.3471014, 0.59310518], [0.3471014, 1, -0.5492008], [0.59310518, -0.5492008, 1]])
        size = np.array([1, 2.88100235, 4.22992993])
        form = (flat + (noise + noise.T) * (1 - np.eye(3)) / 2) * size * size[:, None]
        shares = lowest(form)
        assert shares.sum() == pytest.approx(1)
        assert shares @ form @ shares <= min(p @ form @ p for p in grid(3, 30)) * (1 + 1e-6) + 1e-7


def test_balanced_shares_of_a_set_trade_off_between_its_samples():
    # Of one sample the first method is good in all, of the other the second: nothing has to be given up.
    first = np.stack([np.diag([0.1, 4.0]), np.diag([4.0, 0.1])])
    found = best_of_each(first, first)
    assert worse(first, first, found) < 0.05
    random = np.random.default_rng(0)
    parts = random.normal(size=(2, 2, 2, 3))
    one, other = parts @ parts.swapaxes(-1, -2)
    points = grid(2, 60)
    best = min(worse(one, other, [p, q]) for p in points for q in points)
    assert best * (1 - 0.01) <= worse(one, other, best_of_each(one, other)) <= best * (1 + 1e-6)


def test_balanced_shares_are_at_least_as_good_as_the_best_method_of_each_error_where_any_are():
    first = np.array([[[1.0, 0.0], [0.0, 1.5]]])
    second = np.array([[[1.5, 0.0], [0.0, 1.0]]])
    assert worse(first, second, best_of_each(first, second)) < 1


def test_balanced_shares_keep_to_a_method_without_error():
    first, second = np.diag([0.0, 1.0, 0.0])[None], np.diag([4.0, 1.0, 4.0])[None]
    assert best_of_each(first, second)[0] == pytest.approx([0.5, 0, 0.5], abs=1e-6)
    assert best_of_each(second, first)[0] == pytest.approx([0.5, 0, 0.5], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(forms(methods=st.just(4)), forms(methods=st.just(4)), st.integers(0, 3))
def test_in_units_of_one_method_neither_error_is_above_that_method(first, second, method):
    found = balanced(first[None], second[None], (first[method, method], second[method, method]))[0]
    for form in (first, second):
        assert error(form, found) <= form[method, method] * (1 + 1e-6)


def test_a_unit_of_0_that_no_method_reaches_is_refused():
    with pytest.raises(ValueError, match="without error"):
        balanced(np.eye(2)[None], np.eye(2)[None], (0.0, 1.0))
