"""What a study file may say about its jobs and its report: the sections ``compute`` and ``report``."""

from typing import Literal

from pydantic import Field

from biox.core.strict import Strict


class Compute(Strict):
    """Where and on how many threads a job computes, and into how many jobs the samples that one explains are cut.

    shards: of each fold and method; results do not depend on it. Graph studies say ``graph.shards`` instead.
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int = Field(default=1, ge=1)
    shards: int = Field(default=1, ge=1)


class Report(Strict):
    """What a report shows.

    identities: whether people, samples and slides stand there under ``pseudonyms`` (the key lies with the results, in
    ``cohort/pseudonyms.csv``) or under their names ``as given``.
    """

    identities: Literal["pseudonyms", "as given"] = "pseudonyms"
