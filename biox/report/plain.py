"""The patient's level: what was asked, what the computer looked at, how sure that is, and what it cannot say."""

import math
from dataclasses import replace

from biox.core.find import find, known
from biox.core.subjects import subject
from biox.report.blocks import Block, Figure, Section, Terms, Text, section
from biox.report.found import Claim, claim
from biox.report.given import Given, Plain
from biox.report.levels import PATIENT
from biox.report.trust_verdict import no_better, own_verdict
from biox.report.words import count, plural

FEW_PEOPLE = 30
CANNOT = (
    "It is research, not a diagnosis. The computer knows only what it was shown. It does not know why something is as "
    "it is, nor what would help. Please talk to your doctor about what it means for you."
)
TRUST = {
    "supported": "We tested whether the explanation shows what the computer really used. It passed these tests.",
    "mixed": "We tested whether the explanation shows what the computer really used. It passed some of these tests "
    "and failed others, so take it with caution.",
    "not supported": "We tested whether the explanation shows what the computer really used. It did not pass. Please "
    "do not rely on it.",
    "": "It was not tested whether the explanation shows what the computer really used.",
}
GUESSING = "It was not shown that the computer does more than guess. Then its explanation tells us little, too."


def plain(given: Given, asked: Section | None) -> Section | None:
    """The whole study in plain words, with at most one picture.

    asked: the section of the answer, whose warnings are counted here and read at the other levels.
    A domain with a function of its own (``biox.report.gait_plain``) says what it measured and where it looked.
    """
    own = f"{given.study.domain}_plain"
    said = find("biox.report", own)(given) if own in known("biox.report") else Plain(_measured(given), "")
    pairs = [
        ("What was asked", given.study.question),
        ("What was measured", said.measured),
        ("How often the computer was right", _right(given)),
        ("What the computer looked at", said.looked),
        ("How sure this is", _sure(given, asked)),
        ("What this cannot say", CANNOT),
    ]
    return section("plain", "In plain words", plain_blocks(pairs, said.picture), PATIENT)


def plain_blocks(pairs: list[tuple[str, str]], picture: Figure | None = None) -> list[Block]:
    """Questions with their answers, those without an answer left out, and the picture with its words for a patient."""
    kept = tuple((title, words) for title, words in pairs if words)
    shown: list[Block] = [] if picture is None else [replace(picture, name=f"plain-{picture.name}", hover=None)]
    return [
        Terms(kept),
        *shown,
        Text("More is in the parts of this report written for clinicians.", "note"),
    ]


def _measured(given: Given) -> str:
    samples, of = given.cohort.samples, subject(given.cohort)
    return f"{plural(len(samples), 'sample')} of {plural(samples['subject'].nunique(), of.one, of.many)}."


def _right(given: Given) -> str:
    """Out of a hundred, beside guessing; "" where no classes are told apart."""
    own, guess = (claim(given.evidence, "accuracy", name) for name in ("main", "zero-rule"))
    if own is None:
        return ""
    beside = "" if guess is None else f" Always naming the most common group would be right in {_of_100(guess.value)}."
    many = subject(given.cohort)
    unseen = f"In {many.many} it had not seen before" if many.known else "In samples it had not seen before"
    return f"{unseen}, the computer named the right group in about {_of_100(own.value)}{_ends(own)}.{beside}"


def _of_100(share: float) -> str:
    return f"{count(100 * share)} of 100 cases"


def _ends(own: Claim) -> str:
    if not (math.isfinite(own.low) and math.isfinite(own.high)):
        return ""
    return f" (with others it might be {count(100 * own.low)} to {count(100 * own.high)})"


def _sure(given: Given, asked: Section | None) -> str:
    """The verdict on the explanation, a model that learnt nothing, few people, and how many warnings there are."""
    words = [TRUST[own_verdict(given)]]
    words += [GUESSING] if no_better(given) else []
    people, of = given.cohort.samples["subject"].nunique(), subject(given.cohort)
    if people < FEW_PEOPLE:
        words.append(f"There were only {plural(people, of.one, of.many)}, so all of this is uncertain.")
    warned = sum(isinstance(block, Text) and block.look == "warning" for block in (asked.blocks if asked else ()))
    if warned:
        words.append(f"Your doctor can read {plural(warned, 'warning')} about these results under “Clinician”.")
    return " ".join(words)
