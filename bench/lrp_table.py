"""The page docs/lrp-speed.md, written from bench/results/lrp.json and nothing else."""

from collections.abc import Iterator

PACKAGES = ("biox", "biox compiled", "zennit", "zennit-crp", "captum", "lxt")
OFF, APART = 0.01, 1e-4
"""A share of the score that is further from 1, a relevance that is further from ours, is written beside the time."""

HEAD = """# How fast relevance is

*For those who want to know what an explanation costs.*

Written by `python bench/lrp.py` from `bench/results/lrp.json`; do not edit. `bench/lrp_peers.py` shows how each package
is called.

**Time** is relative to forward + input gradient of the same model on the same batch (1.00): the median over rounds in
which all methods take turns in one process. On a CPU it is CPU time, on a GPU wall time with synchronisation. Lower is
better. All networks have random weights. **refused** means that the package gave no relevance; the reasons stand at the
end. An empty cell was not asked for.

**keeps** is what arrives at the input of each unit of score in a copy of the model without biases, in float64; it is
left out where it is 1 to 0.01. The rules of all composites conserve, but for `attnlrp`, whose softmax does not, and for
z+ and alpha-beta where no contribution has the sign that they divide among (EfficientNet, ConvNeXt).
**off** is how far a package's relevance is from ours by the same composite (relative Euclidean distance, in the same
copy); it is left out below 0.0001. Relevance with either remark explains something else, however fast it comes; which
of two is right, *keeps* says.

zennit and zennit-crp have rules equal to ours; their canonisers merged BatchNorm and replaced the sums of ResNets
beforehand, where that leaves the outputs as they are (in DenseNet it does not: there BatchNorm passes relevance on).
captum has one rule, epsilon. lxt ships CP-LRP for the ViT of torchvision; its AttnLRP was put together from its own
functions, and its gamma reaches only modules: `attnlrp-gamma-mlp` leaves the projections of attention to epsilon.
"""

MEMORY = """
## Memory above the model

Peak of one call relative to that of the gradient, each in a process of its own, one thread. On a CPU all allocations
that torch reports in the first call are added up; the resident-set peak of a later call is in the JSON beside it.
"""

TARGETS = """
## Sixteen classes at once

Relative to sixteen gradients, each a forward and a backward pass. *Shared gradient* is one forward pass with sixteen
backward passes, the least that gradients could cost.
"""


def markdown(results: dict) -> str:
    """The page."""
    parts = [HEAD, *_machines(results)]
    for setting, models in results.get("speed", {}).items():
        parts.append(f"\n## Time: {setting}\n\n" + _table(models, "gradient, s", "seconds", 1.0, 3))
    for setting, models in results.get("memory", {}).items():
        parts.append(MEMORY + f"\n{setting}:\n\n" + _table(models, "gradient, MB", "bytes", 1e-6, 0))
    for setting, models in results.get("targets", {}).items():
        parts.append(TARGETS + f"\n{setting}:\n\n" + _targets(models))
    reasons = sorted(set(_reasons(results)))
    if reasons:
        parts.append("\n## Refused\n\n" + "".join(f"- {reason}\n" for reason in reasons))
    return "".join(parts)


def _machines(results: dict) -> Iterator[str]:
    seen = {}
    for part in results.values():
        for models in part.values():
            for record in models.values():
                seen[str(record["machine"])] = record["machine"]
    for machine in seen.values():
        packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
        yield f"\nMeasured on {machine['processor']}, {machine['cores']} cores; {packages}.\n"


def _table(models: dict, unit: str, field: str, scale: float, digits: int) -> str:
    packages = [
        p for p in PACKAGES if any(_package(name) == p for record in models.values() for name in _named(record))
    ]
    lines = ["| model | composite | " + " | ".join(packages) + f" | {unit} |", "|---" * (len(packages) + 3) + "|"]
    for title, record in models.items():
        base = record["methods"]["gradient"]
        for composite in dict.fromkeys(name.rsplit(" ", 1)[1] for name in _named(record)):
            cells = [_cell(record["methods"].get(f"{package} {composite}")) for package in packages]
            lines.append(f"| {title} | {composite} | " + " | ".join(cells) + f" | {base[field] * scale:.{digits}f} |")
    return "\n".join(lines) + "\n"


def _targets(models: dict) -> str:
    lines = ["| model | method | time |", "|---|---|---|"]
    for title, record in models.items():
        lines += [f"| {title} | {name} | {_cell(found)} |" for name, found in record["methods"].items()]
    return "\n".join(lines) + "\n"


def _cell(found: dict | None) -> str:
    if found is None:
        return ""
    if "refused" in found:
        return "refused"
    share, differs = found.get("kept", 1.0), found.get("differs", 0.0)
    remarks = [] if abs(share - 1) <= OFF else [f"keeps {share:.3g}"]  # NaN is no share of 1 either
    remarks += [] if differs <= APART else [f"off {differs:.2g}"]
    return f"{found['ratio']:.2f}" + (f" ({', '.join(remarks)})" if remarks else "")


def _named(record: dict) -> list[str]:
    return [name for name in record["methods"] if name != "gradient"]


def _package(name: str) -> str:
    return name.rsplit(" ", 1)[0]


def _reasons(results: dict) -> Iterator[str]:
    for part in ("speed", "memory", "targets"):
        for models in results.get(part, {}).values():
            for title, record in models.items():
                for name, found in record["methods"].items():
                    if "refused" in found:
                        yield f"{name}, {title}: {found['refused']}"
