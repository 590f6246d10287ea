"""Where everything of one study lies on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biox.core.study import Study


@dataclass(frozen=True)
class Places:
    """Where everything of one study lies."""

    config: Path
    results: Path
    study: str

    @property
    def file(self) -> Path:
        """The study file: ``config/NAME.yaml``, or the path itself where a path was given."""
        return Path(self.study) if self.study.endswith((".yaml", ".yml")) else self.config / f"{self.study}.yaml"

    @property
    def root(self) -> Path:
        """The results folder of the study."""
        return self.results / self.file.stem

    @property
    def cohort(self) -> Path:
        """The cohort's folder."""
        return self.root / "cohort"

    @property
    def external(self) -> Path:
        """The folder of the external test cohort."""
        return self.root / "external"

    @property
    def evidence(self) -> Path:
        """The evidence's folder."""
        return self.root / "evidence"

    def fit(self, fold: int) -> Path:
        """The folder of one fold's fits."""
        return self.root / f"fold-{fold}" / "fit"

    def heatmaps(self, method: str) -> Path:
        """The folder of the slides' heatmaps by one method."""
        return self.root / f"heatmaps-{method}"

    def checkpoints(self, fold: int) -> Path:
        """The folder in which the trainings of one fold leave their state until they are done."""
        return self.root / f"fold-{fold}" / "checkpoints"

    @property
    def graphs(self) -> Path:
        """The folder of a graph study's graphs."""
        return self.root / "graphs"

    @property
    def baselines(self) -> Path:
        """The folder of a graph study's baselines."""
        return self.root / "baselines"

    def influence(self, fold: int, method: str, shard: int) -> Path:
        """The folder of the influences in one shard of a fold's test samples by one method."""
        return self.root / f"fold-{fold}" / f"influence-{method}" / f"shard-{shard}"

    def influences(self, study: "Study", method: str) -> list[Path]:
        """The folders of all influences by one method."""
        assert study.graph is not None
        shards = range(study.graph.shards)
        return [self.influence(fold, method, shard) for fold in range(study.folds.count) for shard in shards]

    def of_all_folds(self, study: "Study") -> list[Path]:
        """The folders that the validation of a study reads."""
        folds = range(study.folds.count)
        tests = [self.trust(fold) for fold in folds]
        if study.graph is not None:
            explained = [folder for method in study.methods for folder in self.influences(study, method)]
            return [self.cohort, *(self.fit(fold) for fold in folds), *explained, self.baselines, self.graphs, *tests]
        relevances = [
            folder for fold in folds for method in study.methods for folder in self.relevances(study, fold, method)
        ]
        others = [self.external] if study.external is not None else []
        return [self.cohort, *others, *(self.fit(fold) for fold in folds), *relevances, *tests]

    def of_report(self, study: "Study") -> list[Path]:
        """The folders of all results that led to a report of the study as it is; not what older settings left."""
        simulated = [self.root / "raw"] if study.simulate is not None else []
        slides = [self.heatmaps(next(iter(study.methods)))]
        return [*simulated, *self.of_all_folds(study), self.evidence, *slides]

    def trust(self, fold: int) -> Path:
        """The folder of the tests of one fold's explanations."""
        return self.root / f"fold-{fold}" / "trust"

    def relevance(self, fold: int, method: str, shard: int) -> Path:
        """The folder of the relevances in one shard of the samples by one fold's models and one method."""
        return self.root / f"fold-{fold}" / f"relevance-{method}" / f"shard-{shard}"

    def relevances(self, study: "Study", fold: int, method: str) -> list[Path]:
        """The folders of all relevances by one fold's models and one method."""
        return [self.relevance(fold, method, shard) for shard in range(study.compute.shards)]
