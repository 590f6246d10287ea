rule train:
    input:
        cohort=rules.ingest.output,
        weights=lambda wildcards: files_of(learning_files, wildcards.study),
    output:
        update(directory("results/{study}/fold-{fold}/fit")),
    log:
        "logs/{study}/train-{fold}.log",
    benchmark:
        "benchmarks/{study}/train-{fold}.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("train", gpu=True),
    params:
        settings=settings_of("train"),
        folder=FOLDER,
    shell:
        "biox train {wildcards.study} --config {params.folder:q} --fold {wildcards.fold}"
        " --out {output} > {log} 2>&1"
