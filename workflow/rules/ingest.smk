rule ingest:
    input:
        raw_of,
    output:
        # Here and in all rules, `update` keeps the earlier result where the job fails.
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
        "biox ingest {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"
