# Several explanations of the same models, tested: does the score follow them, do they hold still, do they agree?
rule trust:
    input:
        cohort=rules.ingest.output,
        fit=rules.train.output,
    output:
        update(directory("results/{study}/fold-{fold}/trust")),
    log:
        "logs/{study}/trust-{fold}.log",
    benchmark:
        "benchmarks/{study}/trust-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("trust", gpu=True),
    params:
        settings=settings_of("trust"),
        folder=FOLDER,
    shell:
        "biox trust {wildcards.study} --config {params.folder:q} --fold {wildcards.fold}"
        " --out {output} > {log} 2>&1"
