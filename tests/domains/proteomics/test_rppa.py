import numpy as np
import pandas as pd
import pytest

from biox.core.errors import InputError
from biox.core.find import bind
from biox.domains.proteomics.rppa import RppaSettings, rppa

ANTIBODIES = ("14-3-3_beta", "GAB2", "Gab2", "p21", "P21", "Rare")
MAPPING = "reactome_name\trppa_columns\tgene_symbols\nYWHAB\t14-3-3_beta\tYWHAB\nGAB2\tGab2|GAB2\tGAB2\nARAF\t\tARAF\n"


def small() -> pd.DataFrame:
    """26 aliquots as TCGA names them: 22 primary tumours, four metastases of the first four patients."""
    kinds = ["01"] * 22 + ["06"] * 4
    patients = [f"TCGA-OR-A5{n:02d}" for n in (*range(22), *range(4))]
    values = np.random.default_rng(0).normal(size=(26, len(ANTIBODIES))).round(4)
    frame = pd.DataFrame(values, columns=list(ANTIBODIES))
    frame.loc[::2, "Gab2"], frame.loc[1::2, "GAB2"] = np.nan, np.nan
    frame.loc[3:, "Rare"] = np.nan
    frame.insert(0, "cancer_type", ["ACC", "BRCA"] * 13)
    frame.insert(0, "sample_type", kinds)
    frame.insert(0, "patient", patients)
    frame.insert(0, "aliquot_barcode", [f"{p}-{k}A-21-A39K-20" for p, k in zip(patients, kinds, strict=True)])
    return frame


def read(tmp_path, frame=None, **options):
    (small() if frame is None else frame).to_csv(tmp_path / "rppa.csv", index=False)
    (tmp_path / "names.tsv").write_text(MAPPING)
    return rppa(RppaSettings.model_validate({"file": tmp_path / "rppa.csv", **options}))


def test_primary_tumours_are_read_by_default_and_the_rest_is_counted(tmp_path):
    cohort = read(tmp_path)
    assert cohort.x.shape == (22, 6)
    assert set(cohort.samples["sample_type"]) == {"01"}
    assert cohort.classes == ("ACC", "BRCA")
    assert cohort.unit == "log2 level"
    assert "4 samples were left out: their sample_type is not 01." in cohort.notes


def test_sample_types_survive_yaml_that_reads_them_as_numbers():
    options = {"file": "a.csv", "sample_types": [1, "06"]}
    assert bind(rppa, options, "data")["settings"].sample_types == ("01", "06")


@pytest.mark.parametrize("wrong", [None, 1, {"01": 1}])
def test_sample_types_of_another_kind_are_refused_by_name(wrong):
    with pytest.raises(InputError, match="sample_types"):
        bind(rppa, {"file": "a.csv", "sample_types": wrong}, "data")


def test_all_sample_types_need_a_word_on_patients_with_several(tmp_path):
    with pytest.raises(InputError, match=r"more than one sample: 4 \(8 samples\)"):
        read(tmp_path, sample_types="all")
    assert read(tmp_path, sample_types="all", levels={"duplicates": "keep"}).x.shape == (26, 6)
    assert read(tmp_path, sample_types="all", levels={"duplicates": "average"}).x.shape == (22, 6)


def test_cohorts_can_be_chosen(tmp_path):
    frame = pd.concat([small(), small().assign(aliquot_barcode="again-" + small()["aliquot_barcode"])])
    cohort = read(tmp_path, frame, cohorts=["BRCA"], proteins="complete", levels={"duplicates": "keep"})
    assert cohort.classes == ("BRCA",)
    with pytest.raises(InputError, match="no sample has 'LIHC' in column 'cancer_type'"):
        read(tmp_path, cohorts=["LIHC"])


def test_aliases_of_one_antibody_are_coalesced_under_the_mapped_name(tmp_path):
    cohort = read(tmp_path, mapping=str(tmp_path / "names.tsv"))
    assert cohort.axes[0].labels == ("YWHAB", "GAB2")
    frame = small()[:22]
    np.testing.assert_array_equal(cohort.x[:, 1], frame["Gab2"].fillna(frame["GAB2"]).to_numpy(np.float32))
    assert any("'ARAF'" in note for note in cohort.notes)
    assert any("'p21', 'P21', 'Rare'" in note for note in cohort.notes)


def test_where_two_aliases_are_measured_the_first_is_taken_and_counted(tmp_path):
    frame = small()
    frame.loc[:1, ["Gab2", "GAB2"]] = [[5, 7], [6, 8]]
    cohort = read(tmp_path, frame, mapping=str(tmp_path / "names.tsv"))
    assert cohort.x[:2, 1].tolist() == [5, 6]
    assert any("in 2 cells more than one was measured" in note for note in cohort.notes)


def test_a_mapping_to_columns_that_are_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="'Gab2', which"):
        read(tmp_path, small().drop(columns="Gab2"), mapping=str(tmp_path / "names.tsv"))


def test_complete_proteins_are_those_measured_in_every_chosen_sample(tmp_path):
    assert read(tmp_path, proteins="complete").axes[0].labels == ("14-3-3_beta", "p21", "P21")


def test_proteins_can_be_listed_here_or_in_a_file(tmp_path):
    assert read(tmp_path, proteins=["P21", "p21"]).axes[0].labels == ("p21", "P21")
    (tmp_path / "wanted.txt").write_text("P21\n14-3-3_beta\n")
    assert read(tmp_path, proteins=str(tmp_path / "wanted.txt")).axes[0].labels == ("14-3-3_beta", "P21")
    with pytest.raises(InputError, match="no protein 'p53'"):
        read(tmp_path, proteins=["p53"])


def test_another_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="no column 'sample_type'"):
        read(tmp_path, small().drop(columns="sample_type"))


@pytest.fixture(scope="module")
def real(shared_data):
    return {
        "file": shared_data / "rppa-tcga/rppa_tcga_31cohorts.csv.gz",
        "mapping": shared_data / "reactome/reactome147_to_rppa.tsv",
    }


def test_the_real_table_has_the_105_complete_proteins_of_its_readme(real):
    cohort = rppa(
        RppaSettings.model_validate(
            {**real, "sample_types": "all", "proteins": "complete", "levels": {"duplicates": "keep"}}
        )
    )
    assert cohort.x.shape == (6777, 105)
    assert np.isfinite(cohort.x).all()
    assert len(cohort.classes) == 31
    assert "LIHC" not in cohort.classes
    assert cohort.samples["subject"].nunique() == 6740


def test_the_real_table_has_120_complete_antibodies_and_gaps_in_the_rest(real):
    cohort = rppa(RppaSettings(file=real["file"]))
    assert cohort.x.shape == (6564, 285)
    assert (~np.isnan(cohort.x)).all(axis=0).sum() == 120
    assert cohort.x[0, 0] == np.float32(0.223343)


def test_the_real_table_holds_the_known_strong_pair(real):
    cohort = rppa(RppaSettings.model_validate({**real, "proteins": "complete"}))
    place = {name: number for number, name in enumerate(cohort.axes[0].labels)}
    together = np.corrcoef(cohort.x[:, place["AKT_pS473"]], cohort.x[:, place["AKT_pT308"]])[0, 1]
    assert together > 0.7


def test_proteins_that_a_cohort_never_measured_are_refused_with_the_way_out(real):
    with pytest.raises(InputError, match=r"\(104 in all\) was measured in no sample.*least_measured"):
        rppa(RppaSettings(file=real["file"], cohorts=("SKCM",), sample_types="all"))
