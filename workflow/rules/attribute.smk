rule attribute:
    input:
        cohort=rules.ingest.output,
        fit=rules.train.output,
    output:
        update(
            directory("results/{study}/fold-{fold}/relevance-{method}/shard-{shard}")
        ),
    log:
        "logs/{study}/attribute-{fold}-{method}-{shard}.log",
    benchmark:
        "benchmarks/{study}/attribute-{fold}-{method}-{shard}.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("attribute", gpu=True),
    params:
        settings=settings_of("attribute"),
        folder=FOLDER,
    shell:
        "biox attribute {wildcards.study} --config {params.folder:q} --fold {wildcards.fold}"
        " --method {wildcards.method} --shard {wildcards.shard} --out {output} > {log} 2>&1"
