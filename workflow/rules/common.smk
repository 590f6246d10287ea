# What all rules share: the studies, read and checked before any job starts.
import json
import sys
from functools import cache
from pathlib import Path
from shlex import quote

import biox
from biox.core.alone import looks_only, take_turn
from biox.core.errors import InputError
from biox.core.raw_files import case_files, input_files, learning_files, watched_files
from biox.core.studies import check_study, opposite, read_study, settings_for

# With `--software-deployment-method conda`, jobs find the packages they need in this environment, with `apptainer` in the
# image below (workflow/containers says how to build it); without either, in the one that Snakemake itself runs in, whether
# or not that is activated. biox always comes from where Snakemake found it.
ENVIRONMENT = "../envs/biox.yaml"

IMAGE = config.get(
    "container", str(Path(workflow.basedir) / "workflow/containers/biox.sif")
)
HOME = Path(biox.__file__).parent.parent
OWN = (
    ""
    if workflow.deployment_settings.deployment_method
    else f"export PATH={quote(str(Path(sys.executable).parent))}:$PATH; "
)
shell.prefix(
    f"set -euo pipefail; {OWN}export PYTHONPATH={quote(str(HOME))}${{{{PYTHONPATH:+:$PYTHONPATH}}}}; "
    # A Slurm job that was granted no graphics card sees none: the one that it could see is another job's.
    'if [ "${{SLURM_JOB_ID:-}}" ] && [ -z "${{CUDA_VISIBLE_DEVICES:-}}" ]; then export CUDA_VISIBLE_DEVICES=; fi; '
    "export BIOX_WORKFLOW=$PPID; "
    'biox() {{ python -P -m biox.cli "$@"; }}; '
)

# One run at a time in a folder, for as long as this file is open. What a run starts reads these lines, too, and is part of
# it.
if workflow.is_main_process and not looks_only(sys.argv[1:]):
    try:
        TURN = take_turn(Path(".snakemake"))
    except InputError as error:
        raise WorkflowError(str(error))
    if TURN.said:
        logger.warning(TURN.said)


# Where a job fails, `update` puts the earlier result back; but Snakemake notes it as the result of the new settings, and
# would never repeat the job. So what a failed job leaves is marked as incomplete at once.
onstart:
    if not hasattr(workflow.scheduler, "_handle_error"):
        raise WorkflowError(
            "This Snakemake is built otherwise than biox knows it; install snakemake 9.27, or tell the makers of biox."
        )
    handle_error = workflow.scheduler._handle_error

    def handle_and_mark(job, postprocess_job=True):
        handle_error(job, postprocess_job)
        workflow.persistence.started(job)

    workflow.scheduler._handle_error = handle_and_mark


FOLDER = Path(config.get("study_folder", "config"))

try:
    STUDIES = {name: read_study(FOLDER / f"{name}.yaml") for name in config["studies"]}
    # A cluster's jobs read these lines again; they need not find out once more what has been checked, which loads every
    # package that a study uses.
    for study in STUDIES.values() if workflow.is_main_process else ():
        check_study(study)
except InputError as error:
    raise WorkflowError(str(error))


container: IMAGE


wildcard_constraints:
    study="|".join(STUDIES),
    fold=r"\d+",
    method="[a-z0-9_-]+",
    shard=r"\d+",
    case="[a-z0-9_-]+",


def needs(step, gpu=False):
    """Resources of a rule, from the configuration; a graphics card where the study asks for one.

    A repeated attempt asks for as much memory again as the first: too little memory is what a cluster kills jobs for.
    """
    wanted = dict(config["resources"].get(step, {}))
    if "mem_mb" in wanted:
        first = wanted["mem_mb"]
        wanted["mem_mb"] = lambda wildcards, attempt: first * attempt
    if gpu:
        wanted["gpu"] = lambda wildcards: int(
            STUDIES[wildcards.study].compute.device == "cuda"
        )
    return wanted


def threads_of(wildcards):
    """Threads of a numerical job: a setting of the study, so that results do not depend on the machine."""
    return STUDIES[wildcards.study].compute.threads


def settings_of(step):
    """The settings that a step depends on, and the version of biox, as text: a change repeats the step, others do not.

    The order of keys is kept: it decides which class is the first and which method is drawn.
    """
    return lambda wildcards: json.dumps(
        {"biox": biox.__version__, **settings_for(STUDIES[wildcards.study], step)}
    )


@cache
def files_of(look, study, *section):
    """Files that a study names, found by a function of ``biox.core.raw_files``, once, and only for rules that read them."""
    return look(STUDIES[study], *section)


def raw_of(wildcards, section="data"):
    """The raw files of a study: those that it names, or the folder into which it simulates them."""
    if STUDIES[wildcards.study].simulate is not None:
        return rules.simulate.output
    return files_of(input_files, wildcards.study, section)


def external_of(wildcards):
    """The external cohort of a study that has one."""
    return (
        expand(rules.external.output, study=wildcards.study)
        if STUDIES[wildcards.study].external is not None
        else []
    )


def heatmaps_of(study):
    """The heatmaps of a study of whole slides, by its first method; nothing for other studies."""
    if STUDIES[study].data.name != "slides":
        return []
    return expand(
        rules.heatmaps.output, study=study, method=list(STUDIES[study].methods)[0]
    )


def draws_graphs(study):
    """Whether a study is one of graphs."""
    return STUDIES[study].graph is not None


def influences_of(study, methods):
    """The influences of a graph study by some methods, in all folds and shards."""
    return expand(
        rules.influence.output,
        study=study,
        fold=folds_of(study),
        method=methods,
        shard=range(STUDIES[study].graph.shards),
    )


def relevances_of(study, methods):
    """The relevances of a study by some methods, in all folds and shards."""
    return expand(
        rules.attribute.output,
        study=study,
        fold=folds_of(study),
        method=methods,
        shard=range(STUDIES[study].compute.shards),
    )


def explained_of(wildcards):
    """What explains the models of a study: relevances, or the influences and graphs of a graph study."""
    study = wildcards.study
    if draws_graphs(study):
        graphs = [*rules.graphs.output, *rules.baselines.output]
        return [
            *influences_of(study, STUDIES[study].methods),
            *expand(graphs, study=study),
        ]
    return relevances_of(study, STUDIES[study].methods)


def together(wildcards):
    """A method, and the one that explains another class by the same rules."""
    other = opposite(STUDIES[wildcards.study], wildcards.method)
    return [wildcards.method, *([other] if other else [])]


def viewer_of(wildcards):
    """What the report's viewer loads, where a study has slides or the graphs of patients to look at."""
    there = shown_of(wildcards.study)
    return expand(rules.viewer.output, study=wildcards.study) if there else []


def shown_of(study):
    """The folder in which the viewer's files lie, where a study has any."""
    return (
        expand(rules.graphs.output, study=study)
        if draws_graphs(study)
        else heatmaps_of(study)
    )


def folds_of(study):
    """The numbers of a study's folds."""
    return range(STUDIES[study].folds.count)


def pages_of(study):
    """The page of every new case that a study names."""
    return [f"reports/{study}/people/{case}.html" for case in STUDIES[study].predict]


def people():
    """The pages of the new cases of all studies."""
    return [page for study in STUDIES for page in pages_of(study)]


def pdf_of(studies):
    """The PDFs of studies, by the notes beside them; none where the configuration wants none."""
    return (
        expand(rules.pdf.output.note, study=studies) if config.get("pdf", True) else []
    )
