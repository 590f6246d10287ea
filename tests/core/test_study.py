import pytest

from biox.core.errors import InputError
from biox.core.find import checked
from biox.core.studies import PARTS, check_study, load_yaml, settings_for
from biox.core.study import Study

MINIMAL = {"name": "tiny", "title": "t", "question": "q", "domain": "gait", "data": {"source": "simulate"}}


def test_unknown_key_is_refused_with_the_known_ones_listed():
    with pytest.raises(InputError, match=r"unknown key 'epocs'; known here are .*'variants'"):
        checked(Study, {**MINIMAL, "epocs": 3}, "tiny.yaml")


def test_unknown_key_inside_a_section_lists_the_keys_of_that_section():
    with pytest.raises(InputError, match=r"unknown key 'training.epocs'; known here are .*'epochs'"):
        checked(Study, {**MINIMAL, "training": {"epocs": 3}}, "tiny.yaml")


def test_unknown_key_inside_a_variant_lists_the_keys_of_that_section():
    with pytest.raises(InputError, match=r"known here are .*'batch'"):
        checked(Study, {**MINIMAL, "variants": {"small": {"training": {"epocs": 3}}}}, "tiny.yaml")


def test_a_variant_changes_only_what_it_names():
    study = checked(
        Study, {**MINIMAL, "normalise": "minmax", "variants": {"svm": {"model": "linear_svm"}}}, "tiny.yaml"
    )
    variant = study.variant("svm")
    assert variant.model.name == "linear_svm"
    assert variant.normalise == "minmax"


def test_the_name_main_is_reserved():
    with pytest.raises(InputError, match="main"):
        checked(Study, {**MINIMAL, "variants": {"main": {}}}, "tiny.yaml")


def test_options_stand_beside_the_name():
    study = checked(Study, {**MINIMAL, "model": {"name": "mlp", "hidden": [8]}}, "tiny.yaml")
    assert study.model.options == {"hidden": [8]}


@pytest.mark.parametrize("name", ["guided-backpropagation", "deconvolution", "excitation"])
def test_what_does_not_divide_the_score_is_no_method_of_a_study(name):
    study = checked(Study, {**MINIMAL, "methods": {"lrp": {"composite": name}}}, "tiny.yaml")
    with pytest.raises(InputError, match=f"method 'lrp': {name!r} does not divide the score among the inputs"):
        check_study(study)


def test_an_unset_environment_variable_is_named(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("# ${ALSO_NOT_SET} in a comment is fine\nfolder: ${SURELY_NOT_SET}/x\n")
    with pytest.raises(InputError, match="SURELY_NOT_SET"):
        load_yaml(file)


def test_a_method_is_named_like_a_model_and_its_settings_are_checked():
    study = checked(Study, {**MINIMAL, "methods": {"ig": {"method": {"name": "smoothgrad", "draws": 8}}}}, "tiny.yaml")
    assert study.methods["ig"].settings == {"draws": 8}
    check_study(study)
    wrong = checked(Study, {**MINIMAL, "methods": {"ig": {"method": {"name": "smoothgrad", "drows": 8}}}}, "tiny.yaml")
    with pytest.raises(InputError, match=r"method 'ig': unknown key 'drows'; known here are .*'draws'"):
        check_study(wrong)


def test_an_unknown_method_is_refused_with_the_known_ones_listed():
    study = checked(Study, {**MINIMAL, "methods": {"mine": {"method": "smothgrad"}}}, "tiny.yaml")
    with pytest.raises(InputError, match=r"'smothgrad'.*'integrated_gradients'"):
        check_study(study)


def test_rules_of_lrp_are_refused_for_other_methods():
    with pytest.raises(InputError, match="'composite' is for the method lrp, not for 'gradient'"):
        checked(Study, {**MINIMAL, "methods": {"g": {"method": "gradient", "composite": "epsilon"}}}, "tiny.yaml")


def test_a_graph_study_has_its_own_methods_only():
    graph = {**MINIMAL, "domain": "proteomics", "methods": {"g": {"method": "gradient"}}}
    with pytest.raises(InputError, match="a graph study explains by lrp or expected_gradients, not by 'gradient'"):
        checked(Study, graph, "tiny.yaml")


def test_methods_of_the_trust_section_are_checked_and_may_not_hide_those_of_the_study():
    for trust, words in (
        ({"methods": {"a": {"name": "occlusion", "strid": 2}}}, "trust, method 'a': unknown key 'strid'"),
        ({"methods": {"lrp": "gradient"}}, "'lrp' is a method of the study, too"),
    ):
        with pytest.raises(InputError, match=words):
            check_study(checked(Study, {**MINIMAL, "trust": trust}, "tiny.yaml"))


def test_a_composite_inside_the_method_lrp_is_refused_not_ignored():
    method = {"name": "lrp", "composite": "epsilon"}
    with pytest.raises(InputError, match="the rules of lrp stand beside the method, not in it"):
        checked(Study, {**MINIMAL, "methods": {"lrp": {"method": method}}}, "tiny.yaml")


def test_the_composite_of_a_tested_lrp_is_checked_before_any_job_starts():
    trust = {"methods": {"other": {"name": "lrp", "composite": "epsilom"}}}
    with pytest.raises(InputError, match="'epsilom'"):
        check_study(checked(Study, {**MINIMAL, "trust": trust}, "tiny.yaml"))


@pytest.mark.parametrize("name", ["mean", "AGG_opt", "a | b"])
def test_no_tested_explanation_has_the_name_of_a_mixture_or_a_bar_in_it(name):
    with pytest.raises(InputError, match="no explanation that is tested may be called"):
        check_study(checked(Study, {**MINIMAL, "trust": {"methods": {name: "gradient"}}}, "tiny.yaml"))


def test_the_number_of_shards_repeats_explanations_and_nothing_else():
    one, four = (checked(Study, {**MINIMAL, "compute": {"shards": shards}}, "tiny") for shards in (1, 4))
    assert {step for step in PARTS if settings_for(one, step) != settings_for(four, step)} == {"attribute"}


def test_graph_studies_have_shards_of_their_own():
    given = {**MINIMAL, "domain": "proteomics", "data": {"source": "table"}, "compute": {"shards": 2}}
    with pytest.raises(InputError, match="'graph: shards'"):
        checked(Study, given, "tiny")
