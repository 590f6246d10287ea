"""What a subject of a cohort is: a person, a patient, or, where nobody knows the patients, an image, slide or tile."""

import re
from dataclasses import dataclass

from biox.core.types import Cohort

NOT_KNOWN = "Patients are not known: a subject is"
"""How a reader's note starts that says what a subject is instead: ``Patients are not known: a subject is an image``."""


@dataclass(frozen=True)
class Subject:
    """The noun for one subject and for many; known: whether two subjects are always two people."""

    one: str
    many: str
    known: bool = True


def subject(cohort: Cohort) -> Subject:
    """People, in images patients; images, slides or tiles where a note of the reader says that these stand for them."""
    for note in cohort.notes:
        if found := re.match(rf"{NOT_KNOWN} an? (\w+)", note):
            return Subject(found[1], f"{found[1]}s", known=False)
    return Subject("patient", "patients") if cohort.images else Subject("person", "people")
