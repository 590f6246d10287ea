# Graph studies: what the networks relied on, shard by shard; the baselines; the graphs of all together.
rule influence:
    input:
        cohort=rules.ingest.output,
        fit=rules.train.output,
    output:
        update(
            directory("results/{study}/fold-{fold}/influence-{method}/shard-{shard}")
        ),
    log:
        "logs/{study}/influence-{fold}-{method}-{shard}.log",
    benchmark:
        "benchmarks/{study}/influence-{fold}-{method}-{shard}.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("influence", gpu=True),
    params:
        settings=settings_of("influence"),
        folder=FOLDER,
    shell:
        "biox influence {wildcards.study} --config {params.folder:q} --fold {wildcards.fold}"
        " --method {wildcards.method} --shard {wildcards.shard} --out {output} > {log} 2>&1"


rule baselines:
    input:
        rules.ingest.output,
    output:
        update(directory("results/{study}/baselines")),
    log:
        "logs/{study}/baselines.log",
    benchmark:
        "benchmarks/{study}/baselines.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("baselines"),
    params:
        settings=settings_of("baselines"),
        folder=FOLDER,
    shell:
        "biox baselines {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"


rule graphs:
    input:
        cohort=rules.ingest.output,
        fits=lambda wildcards: expand(
            rules.train.output, study=wildcards.study, fold=folds_of(wildcards.study)
        ),
        influences=lambda wildcards: influences_of(
            wildcards.study, list(STUDIES[wildcards.study].methods)[:1]
        ),
    output:
        update(directory("results/{study}/graphs")),
    log:
        "logs/{study}/graphs.log",
    benchmark:
        "benchmarks/{study}/graphs.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("graphs"),
    params:
        settings=settings_of("graphs"),
        folder=FOLDER,
    shell:
        "biox graphs {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"
