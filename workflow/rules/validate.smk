rule validate:
    input:
        cohort=rules.ingest.output,
        external=external_of,
        fits=lambda wildcards: expand(
            rules.train.output, study=wildcards.study, fold=folds_of(wildcards.study)
        ),
        explained=explained_of,
        trust=lambda wildcards: expand(
            rules.trust.output, study=wildcards.study, fold=folds_of(wildcards.study)
        ),
        ratings=lambda wildcards: files_of(watched_files, wildcards.study, "validate"),
    output:
        update(directory("results/{study}/evidence")),
    log:
        "logs/{study}/validate.log",
    benchmark:
        "benchmarks/{study}/validate.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("validate"),
    params:
        settings=settings_of("validate"),
        folder=FOLDER,
    shell:
        "biox validate {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"
