# Studies of whole slides have heatmaps: files for QuPath, and the pictures of the report's viewer.
rule heatmaps:
    input:
        raw=raw_of,
        cohort=rules.ingest.output,
        relevances=lambda wildcards: relevances_of(wildcards.study, together(wildcards)),
    output:
        update(directory("results/{study}/heatmaps-{method}")),
    log:
        "logs/{study}/heatmaps-{method}.log",
    benchmark:
        "benchmarks/{study}/heatmaps-{method}.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("heatmaps"),
    params:
        settings=settings_of("heatmaps"),
        folder=FOLDER,
    shell:
        "biox heatmaps {wildcards.study} --config {params.folder:q} --method {wildcards.method} --out {output}"
        " > {log} 2>&1"


rule viewer:
    input:
        cohort=rules.ingest.output,
        shown=lambda wildcards: shown_of(wildcards.study),
    output:
        update(directory("reports/{study}/viewer")),
    log:
        "logs/{study}/viewer.log",
    benchmark:
        "benchmarks/{study}/viewer.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("viewer"),
    params:
        settings=settings_of("viewer"),
        folder=FOLDER,
    shell:
        "biox viewer {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"
