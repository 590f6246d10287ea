from dataclasses import replace

import numpy as np

from biox.domains.proteomics.edges_found import edges_found

from .made_found import found as made_found


def claims_of(found) -> dict[str, float]:
    table = edges_found(found).claims
    return dict(zip(table["claim"], table["value"], strict=True))


def with_errors(found, error, bound):
    main = found.influences["main"]
    settings = {} if bound is None else {"graph": {"error": bound}}
    changed = replace(main, samples=main.samples.assign(error=error), settings=settings)
    return replace(found, influences={**found.influences, "main": changed})


def test_samples_that_missed_the_bound_are_counted():
    found = made_found()
    error = np.full(len(found.influences["main"].samples), 0.1)
    error[:3] = 0.4
    told = claims_of(with_errors(found, error, 0.2))
    assert told["samples above the error bound"] == 3 / len(error)
    assert told["error of single graphs, median"] == 0.1


def test_without_a_recorded_bound_nothing_is_said_of_it():
    told = claims_of(with_errors(made_found(), 0.1, None))
    assert not any("error" in claim for claim in told)
