rule external:
    input:
        cohort=rules.ingest.output,
        raw=lambda wildcards: raw_of(wildcards, "external"),
    output:
        update(directory("results/{study}/external")),
    log:
        "logs/{study}/external.log",
    benchmark:
        "benchmarks/{study}/external.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("ingest"),
    params:
        settings=settings_of("external"),
        folder=FOLDER,
    shell:
        "biox external {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"
