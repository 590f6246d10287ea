import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from biox.core.errors import InputError
from biox.domains.proteomics.h5ad import H5adSettings, h5ad

from .made_tables import PROTEINS, levels, sheet


def data() -> anndata.AnnData:
    """The tables of ``made_tables`` with a second layer, and gene symbols of which two are the same."""
    obs = sheet().set_index("sample").assign(type=lambda t: pd.Categorical(t["type"]))
    var = pd.DataFrame({"gene": ["AKT1", "TP53", "YWHAB", "ERBB2", "AKT1"]}, index=list(PROTEINS))
    made = anndata.AnnData(levels().to_numpy(), obs=obs, var=var)
    made.layers["raw"] = np.exp2(levels().to_numpy())
    return made


def read(tmp_path, made=None, **options):
    (data() if made is None else made).write_h5ad(tmp_path / "a.h5ad")
    return h5ad(H5adSettings.model_validate({"file": tmp_path / "a.h5ad", **options}))


def test_levels_samples_and_proteins_are_those_of_the_file(tmp_path):
    cohort = read(tmp_path)
    np.testing.assert_array_equal(cohort.x, levels().to_numpy(np.float32))
    assert cohort.axes[0].labels == PROTEINS
    assert list(cohort.samples["subject"]) == list(sheet()["patient"])
    assert list(cohort.samples["label"]) == list(sheet()["type"])
    assert cohort.samples["age_years"].tolist() == sheet()["age_years"].tolist()
    assert cohort.classes == ("basal", "luminal")


def test_a_layer_can_be_read_and_logged(tmp_path):
    cohort = read(tmp_path, layer="raw", levels={"log": "log2"})
    np.testing.assert_allclose(cohort.x, levels(), rtol=1e-5)


def test_proteins_can_be_called_by_a_column(tmp_path):
    assert read(tmp_path, names="gene").axes[0].labels == ("AKT1 (AKT1)", "TP53", "YWHAB", "ERBB2", "AKT1 (MAPK1)")


def test_what_a_sparse_matrix_does_not_store_is_zero(tmp_path):
    made = data()
    dense = levels().to_numpy()
    dense[2, 3] = 0
    made.X = sparse.csr_matrix(dense)
    assert read(tmp_path, made).x[2, 3] == 0
    assert np.isnan(read(tmp_path, made, levels={"zero": "not measured"}).x[2, 3])


def test_a_gap_stays_a_gap_and_an_infinite_level_is_named(tmp_path):
    made = data()
    made.X[1, 1] = np.nan
    assert np.argwhere(np.isnan(read(tmp_path, made).x)).tolist() == [[1, 1]]
    made.X[2, 3] = -np.inf
    with pytest.raises(InputError, match=r"row 3 \(S02\), column 'HER2' holds -inf"):
        read(tmp_path, made)


@pytest.mark.parametrize("options", [{"layer": "nowhere"}, {"names": "nowhere"}, {"sheet": {"patient": "nowhere"}}])
def test_unknown_layers_and_columns_are_refused(tmp_path, options):
    with pytest.raises(InputError, match="'nowhere'"):
        read(tmp_path, **options)


def test_a_file_without_x_asks_for_a_layer(tmp_path):
    made = data()
    made.X = None
    with pytest.raises(InputError, match="X is empty; name a layer: it has 'raw'"):
        read(tmp_path, made)
    assert read(tmp_path, made, layer="raw").x.shape == (24, 5)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "a.h5ad").write_text("sample,A\n")
    with pytest.raises(InputError, match="expected an AnnData file"):
        h5ad(H5adSettings(file=tmp_path / "a.h5ad"))
