rule ingest:
    input:
        lambda wildcards: RAW[wildcards.study],
    output:
        # `update` keeps the earlier cohort where reading the new data fails.
        update(directory("results/{study}/cohort")),
    log:
        "logs/{study}/ingest.log",
    benchmark:
        "benchmarks/{study}/ingest.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("ingest"),
    params:
        settings=settings_of("ingest"),
        folder=FOLDER,
    shell:
        "biox ingest {wildcards.study} --config {params.folder} --out {output} > {log} 2>&1"
