"""Small valid files of every reader of protein tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.fuzz.targets import Case, Target

SAMPLES = tuple(f"S{number:02d}" for number in range(20))
PROTEINS = ("AKT1", "TP53", "HER2")
RUNS = tuple(rf"D:\data\plasma_{number:02d}.raw" for number in range(20))


def _values(proteins: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 20, (len(SAMPLES), proteins)).round(2)


def _levels() -> pd.DataFrame:
    return pd.DataFrame(_values(), index=pd.Index(SAMPLES, name="sample"), columns=list(PROTEINS))


def _sheet() -> pd.DataFrame:
    number = np.arange(len(SAMPLES))
    about = {"patient": [f"P{n:02d}" for n in number], "type": np.where(number % 2, "luminal", "basal")}
    return pd.DataFrame({"sample": SAMPLES, **about, "batch": [f"b{n % 3}" for n in number], "age_years": 40 + number})


def _write_tables(folder: Path) -> None:
    _levels().to_csv(folder / "levels.csv")
    _levels().T.to_csv(folder / "proteins.tsv", sep="\t")
    _levels().to_parquet(folder / "levels.parquet")
    _sheet().set_index("sample").join(_levels()).to_csv(folder / "both.csv")
    _sheet().to_csv(folder / "sheet.csv", index=False)
    (folder / "symbols.csv").write_text("protein,symbol\nAKT1,AKT1\nTP53,P53\nHER2,ERBB2\n")


def _reader(name: str, settings: dict[str, Any]) -> Callable[[Path], object]:
    """Read by the reader called ``name``; settings whose text begins with ``@`` are files in the folder."""
    from biox.core.find import bind, find

    def placed(value: Any, folder: Path) -> Any:
        if isinstance(value, dict):
            return {key: placed(one, folder) for key, one in value.items()}
        return folder / value[1:] if isinstance(value, str) and value.startswith("@") else value

    def read(folder: Path) -> object:
        function = find("biox.domains.proteomics", name)
        return function(**bind(function, placed(settings, folder), "study, data"))

    return read


def _write_rppa(folder: Path) -> None:
    frame = pd.DataFrame(_values(4), columns=["GAB2", "Gab2", "p21", "AKT"])
    patients = [f"TCGA-OR-A5{n:02d}" for n in range(len(SAMPLES))]
    frame.insert(0, "cancer_type", ["ACC", "BRCA"] * 10)
    frame.insert(0, "sample_type", "01")
    frame.insert(0, "patient", patients)
    frame.insert(0, "aliquot_barcode", [f"{p}-01A-21" for p in patients])
    frame.to_csv(folder / "rppa.csv", index=False)
    (folder / "names.tsv").write_text("name\tcolumns\nGAB2\tGab2|GAB2\nP21\tp21\nAKT1\tAKT\n")
    (folder / "chosen.txt").write_text("GAB2\nP21\nAKT1\n")


def _write_maxquant(folder: Path) -> None:
    ids = ["P04637;P04637-2", "P31749", "CON__P02769"]
    table = pd.DataFrame({"Majority protein IDs": ids, "Gene names": ["TP53", "AKT1;AKT2", ""]})
    levels = pd.DataFrame(_values().T * 1e6, columns=[f"LFQ intensity t_{sample}" for sample in SAMPLES])
    marks = pd.DataFrame({"Reverse": "", "Potential contaminant": ["", "", "+"]})
    pd.concat([table, levels, marks], axis=1).to_csv(folder / "proteinGroups.txt", sep="\t", index=False)


def _write_diann(folder: Path) -> None:
    groups, genes = ["P04637", "P31749;P31751", "P00533"], ["TP53", "AKT1;AKT2", "EGFR"]
    about = pd.DataFrame({"Protein.Group": groups, "Genes": genes})
    matrix = pd.concat([about, pd.DataFrame(_values().T * 1e5, columns=list(RUNS))], axis=1)
    matrix.to_csv(folder / "report.pg_matrix.tsv", sep="\t", index=False)
    rows = [
        (run, group, gene, level, 0.001, 0.001, 0)
        for run, levels in zip(RUNS, _values() * 1e5, strict=True)
        for group, gene, level in zip(groups, genes, levels, strict=True)
    ]
    names = ["Run", "Protein.Group", "Genes", "PG.MaxLFQ", "Q.Value", "PG.Q.Value", "Decoy"]
    pd.DataFrame(rows, columns=names).to_csv(folder / "report.tsv", sep="\t", index=False)
    pd.DataFrame(rows, columns=names).to_parquet(folder / "report.parquet", index=False)


def _write_olink(folder: Path) -> None:
    assays = (("OID1", "P05231", "IL6"), ("OID2", "P05231", "IL6"), ("OID3", "P01375", "TNF"))
    rows = [
        (sample, "SAMPLE", *assay, "PASS", level, "PASS", f"P{sample}")
        for sample, levels in zip(SAMPLES, _values(), strict=True)
        for assay, level in zip(assays, levels, strict=True)
    ]
    names = ["SampleID", "Sample_Type", "OlinkID", "UniProt", "Assay", "QC_Warning", "NPX", "Assay_Warning", "Who"]
    pd.DataFrame(rows, columns=names).to_csv(folder / "npx.csv", sep=";", index=False)
    pd.DataFrame(rows, columns=names).to_parquet(folder / "npx.parquet", index=False)


def _write_h5ad(folder: Path) -> None:
    import anndata

    obs = _sheet().set_index("sample").assign(type=lambda t: pd.Categorical(t["type"]))
    var = pd.DataFrame({"gene": ["AKT1", "TP53", "ERBB2"]}, index=list(PROTEINS))
    made = anndata.AnnData(_values(), obs=obs, var=var)
    made.layers["raw"] = np.exp2(_values())
    made.write_h5ad(folder / "a.h5ad")


def _of(reader: str, write: Callable[[Path], None], *settings: dict[str, Any]) -> tuple[Case, ...]:
    """One case for each way to set a reader; the files that the settings name are damaged."""
    return tuple(Case(write, _reader(reader, one), tuple(_files(one))) for one in settings)


def _files(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [name for one in value.values() for name in _files(one)]
    return [value[1:]] if isinstance(value, str) and value.startswith("@") else []


TARGETS = (
    Target(
        "proteomics_table",
        _of(
            "table",
            _write_tables,
            {"file": "@levels.csv"},
            {
                "file": "@levels.csv",
                "sheet": {"file": "@sheet.csv", "unmatched": "leave out"},
                "levels": {"log": "log2"},
            },
            {"file": "@levels.csv", "sheet": "@sheet.csv"},
            {"file": "@proteins.tsv", "orientation": "proteins in rows", "levels": {"symbols": "@symbols.csv"}},
            {"file": "@levels.parquet", "sheet": "@sheet.csv"},
            {
                "file": "@both.csv",
                "sheet": {"others": ["age_years"]},
                "levels": {"centre": "batch", "duplicates": "average"},
            },
            {"file": "@levels.csv", "levels": {"fill": "mean", "least_measured": 0.5, "duplicates": "keep"}},
        ),
    ),
    Target(
        "rppa",
        _of(
            "rppa",
            _write_rppa,
            {"file": "@rppa.csv"},
            {"file": "@rppa.csv", "mapping": "@names.tsv", "sample_types": "all", "levels": {"duplicates": "keep"}},
            {"file": "@rppa.csv", "mapping": "@names.tsv", "proteins": "complete"},
        ),
    ),
    Target(
        "maxquant",
        _of(
            "maxquant",
            _write_maxquant,
            {"file": "@proteinGroups.txt"},
            {"file": "@proteinGroups.txt", "names": "Gene names"},
        ),
    ),
    Target(
        "diann",
        _of(
            "diann",
            _write_diann,
            {"file": "@report.pg_matrix.tsv"},
            {"file": "@report.tsv", "names": "Genes"},
            {"file": "@report.parquet"},
        ),
    ),
    Target(
        "olink", _of("olink", _write_olink, {"file": "@npx.csv"}, {"file": "@npx.parquet", "warned": "not measured"})
    ),
    Target("h5ad", _of("h5ad", _write_h5ad, {"file": "@a.h5ad"}, {"file": "@a.h5ad", "layer": "raw", "names": "gene"})),
)
