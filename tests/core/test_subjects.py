"""What a subject is called: patients only where somebody knows the patients."""

import numpy as np
import pandas as pd
import pytest

from biox.core.subjects import NOT_KNOWN, Subject, subject
from biox.core.types import Axis, Cohort


def cohort(axes: int, *notes: str) -> Cohort:
    samples = pd.DataFrame({"sample": ["a"], "subject": ["s"], "label": ["x"]})
    named = tuple(Axis(str(k), ("0",)) for k in range(axes))
    return Cohort(np.zeros((1, *[1] * axes)), samples, named, "", ("x", "y"), "trial", None, notes)


def test_curves_are_of_people_and_images_of_patients():
    assert subject(cohort(2)) == Subject("person", "people")
    assert subject(cohort(3, "3 tiles were left out")) == Subject("patient", "patients")


@pytest.mark.parametrize(("words", "one"), [("an image", "image"), ("a slide", "slide"), ("a tile.", "tile")])
def test_a_note_of_the_reader_tells_what_stands_for_patients(words, one):
    assert subject(cohort(3, "another note", f"{NOT_KNOWN} {words}")) == Subject(one, f"{one}s", known=False)
