"""Rating sheets for experts: people's curves without name, class or verdict, in random order, to be judged blind.

There are two forms with sheets of the same people under different codes: *plain* shows the curves only, so that marked
regions owe nothing to the model; *relevance* shows them coloured by relevance. Both are single HTML files that work
without network and save the answers as CSV. Who stands behind a code is in the key, which raters must not have.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from biox.core.types import Evidence, claims_table
from biox.domains.gait.groups import Groups
from biox.domains.gait.rating_page import page

FORMS = ("plain", "relevance")


@dataclass(frozen=True)
class Question:
    """What is asked: a short name, the sentence, the possible answers, whether they are in order, on which forms."""

    name: str
    text: str
    answers: tuple[str, ...]
    ordered: bool = False
    forms: tuple[str, ...] = FORMS


@dataclass(frozen=True)
class Sheet:
    """One person (and condition) behind a code. curve, relevance: shape (channel, point)."""

    code: str
    form: str
    subject: str
    label: str
    curve: np.ndarray
    relevance: np.ndarray


def questions(classes: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of a study with these classes."""
    sure = ("not at all", "a little", "rather", "very")
    places = ("none", "a few", "half of them", "most", "all")
    return (
        Question("class", "Which group does this person belong to?", (*classes, "cannot say")),
        Question("sure", "How sure are you?", sure, ordered=True),
        Question("plausible", "How many of the coloured places matter to you?", places, True, ("relevance",)),
    )


def drawn_sheets(forces: Groups, maps: Groups, count: int, seed: int) -> list[Sheet]:
    """``count`` sheets of each form in the order they are shown in: people drawn class by class, then shuffled."""
    rng = np.random.default_rng([seed, 11])
    share = -(-count // len(forces.values))
    drawn = [(c, int(r)) for c, v in enumerate(forces.values) for r in rng.permutation(len(v))[:share]]
    chosen = [drawn[place] for place in rng.permutation(len(drawn))[:count]]
    return [_sheet(forces, maps, form, chosen[i], seed) for form in FORMS for i in rng.permutation(len(chosen))]


def _sheet(forces: Groups, maps: Groups, form: str, place: tuple[int, int], seed: int) -> Sheet:
    c, row = place
    subject, label = str(forces.subjects[c][row]), forces.classes[c]
    code = hashlib.sha256(f"{seed}|{form}|{subject}|{label}".encode()).hexdigest()[:8]
    return Sheet(code, form, subject, label, forces.values[c][row], maps.values[c][row])


def rating_evidence(sheets: list[Sheet], channels: tuple[str, ...], unit: str, classes: tuple[str, ...]) -> Evidence:
    """The forms as tables: ``rating_sheets`` (file, content) to give to raters, and ``rating_key`` to keep apart."""
    asked = questions(classes)
    files = {
        f"rating-{form}.html": page(
            [s for s in sheets if s.form == form],
            [q for q in asked if form in q.forms],
            channels,
            unit,
            coloured=form == "relevance",
        )
        for form in FORMS
    }
    rows = [
        {"sheet": s.code, "form": s.form, "question": q.name, "answer": ""}
        for s in sheets
        for q in asked
        if s.form in q.forms
    ]
    blank = pd.DataFrame(rows).assign(rater="")[["rater", "sheet", "question", "answer"]]
    files["rating-answers.csv"] = blank.to_csv(index=False)
    key = [{"sheet": s.code, "form": s.form, "subject": s.subject, "label": s.label} for s in sheets]
    table = pd.DataFrame({"file": list(files), "content": list(files.values())})
    return Evidence(claims_table([]), {"rating_sheets": table, "rating_key": pd.DataFrame(key)})
