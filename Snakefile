# biox: raw recordings -> cohort -> models -> relevance -> evidence -> report.
# `config/config.yaml` names the studies; the rules lie in workflow/rules, one a verb.
configfile: "config/config.yaml"


# What opens the report that `snakemake --report report.zip` makes.
report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/external.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/attribute.smk"
include: "workflow/rules/trust.smk"
include: "workflow/rules/influence.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/heatmaps.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/pdf.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/crate.smk"


rule all:
    default_target: True
    input:
        rules.index.output,
        people(),
        pdf_of(STUDIES),
        expand(rules.crate.output.crate, study=STUDIES),


onsuccess:
    if Path("reports/index.html").exists():
        print(f"The reports are ready: open {Path('reports/index.html').resolve()}")
