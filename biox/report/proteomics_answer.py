"""What a graph study answers: what can be predicted, which edges stand, whether they are known; and its cautions."""

import numpy as np

from biox.report.found import claim, records, table
from biox.report.given import Answer, Given
from biox.report.proteomics_accuracy import predicted
from biox.report.proteomics_accuracy import sentence as predicted_sentence
from biox.report.proteomics_agreement import agreement
from biox.report.proteomics_checks import by_seed, vanishing
from biox.report.proteomics_graph import counted_sentence, kept_sentence
from biox.report.proteomics_names import CONTROL, SCOPES, WITHOUT, scope_name
from biox.report.proteomics_pathways import sentence as pathway_sentence
from biox.report.proteomics_types import sentence as types_sentence
from biox.report.words import count, number, percent, plural

FEW_PATIENTS, COMPARED = 100, 3
SIMILAR = 0.5
SEEN = "|z·z|, which multiplies two levels and learns nothing,"


def proteomics_answer(given: Given) -> Answer:
    """The sentences of the first section of the page and of the index."""
    found = (predicted_sentence(given), edges(given), *agreement(given)[:COMPARED], types_sentence(given))
    found = (*found, pathway_sentence(given))
    return Answer(tuple(words for words in found if words), tuple(cautions(given)))


def edges(given: Given) -> str:
    """How many edges stand against the null; from the graphs, or else from the claim that counts them."""
    if given.graphs is not None and len(given.graphs.edges):
        return kept_sentence(given.graphs)
    counted = claim(given.evidence, "kept edges", "")
    if counted is None:
        return ""
    tested = claim(given.evidence, "least p of an edge", "") is not None
    return counted_sentence(int(counted.value), int(counted.n), tested)


def cautions(given: Given) -> list[str]:
    """Few patients, no null, proteins without edges, same-protein pairs, edges that vanish, halves that disagree."""
    made = (few(given), untested(given), unpredicted(given), inflated(given), controlled(given), halved(given))
    return [words for words in (*made, *vanished(given)) if words]


def few(given: Given) -> str:
    """A cohort too small for its edges to be sure."""
    patients = given.cohort.samples["subject"].nunique()
    if patients >= FEW_PATIENTS:
        return ""
    return f"Only {plural(patients, 'patient')}: every edge here is uncertain, and other patients may give other edges."


def untested(given: Given) -> str:
    """That no null was computed."""
    graphs = given.graphs
    if graphs is None or graphs.edges.empty or graphs.edges["p"].notna().any():
        return ""
    return "No network was trained on shuffled tables, so it is not known which edges chance alone would give."


def unpredicted(given: Given) -> str:
    """Proteins that have no edges because they cannot be predicted."""
    found = predicted(given)
    if found is None or found["predicted"].all():
        return ""
    n = int((~found["predicted"]).sum())
    return (
        f"{count(n)} of {plural(len(found), 'protein')} could not be predicted and {'has' if n == 1 else 'have'} no "
        "edges. That does not show that nothing acts on them."
    )


def inflated(given: Given) -> str:
    """How much of the agreement with a known graph is owed to pairs of the same protein."""
    found = table(given.evidence, "benchmark")
    if found is None:
        return ""
    own = found[(found["method"] == "lrp") & np.isfinite(found["value"])]
    values = {(row.reference, row.scope, row.measure, row.pairs): float(row.value) for row in records(own)}
    falls = [
        (value - without, key, value, without)
        for (*key, pairs), value in values.items()
        if pairs == "all" and (without := values.get((*key, WITHOUT))) is not None and without < value
    ]
    if not falls:
        return ""
    _, (reference, scope, measure), value, without = max(falls, key=lambda fall: fall[0])
    return (
        f"Pairs of variants of one protein make the agreement look better: {measure} on “{reference}” "
        f"({SCOPES.get(scope, scope)}) is {number(value, 3)} with them and {number(without, 3)} without."
    )


def controlled(given: Given) -> str:
    """That the control without a model does as well as the network."""
    found = table(given.evidence, "benchmark")
    if found is None:
        return ""
    keys = ["reference", "scope", "pairs", "measure"]
    own, control = (found[found["method"] == name].set_index(keys)["value"] for name in ("lrp", CONTROL))
    both = own.to_frame("own").join(control.to_frame("control"), how="inner").dropna()
    worse = both[both["control"] >= both["own"]]
    if worse.empty:
        return ""
    first = records(worse.reset_index())[0]
    where = f"“{first.reference}” ({scope_name(first.scope, first.pairs)})"
    return f"On {where} the control {SEEN} reaches at least the network's {first.measure}."


def halved(given: Given) -> str:
    """That two halves of the patients give rather different edges."""
    found = table(given.evidence, "halves")
    if found is None:
        return ""
    own = found[(found["arm"] == "main") & found["measure"].str.startswith("share") & (found["value"] < SIMILAR)]
    return "".join(
        f"Two halves of the patients give rather different graphs: {row.measure} only {percent(row.value)}."
        for row in records(own)[:1]
    )


def vanished(given: Given) -> list[str]:
    """For each arm, the edges that vanish in it, beside those that another seed loses."""
    by_chance = "".join(f" {words}" for words in by_seed(given))
    return [
        f"{count(gone)} of {plural(of, 'edge')} looked at {'vanishes' if gone == 1 else 'vanish'} in “{by}”: "
        f"differences between types or batches may explain them.{by_chance}"
        for by, gone, of in vanishing(given)
        if gone
    ]
