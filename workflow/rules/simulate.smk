rule simulate:
    output:
        update(directory("results/{study}/raw")),
    log:
        "logs/{study}/simulate.log",
    benchmark:
        "benchmarks/{study}/simulate.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("simulate"),
    params:
        settings=settings_of("simulate"),
        folder=FOLDER,
    shell:
        "biox simulate {wildcards.study} --config {params.folder:q} --out {output} > {log} 2>&1"
