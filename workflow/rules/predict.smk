rule predict:
    input:
        evidence=rules.validate.output,
        files=lambda wildcards: files_of(case_files, wildcards.study)[wildcards.case],
    output:
        data=update(directory("results/{study}/predict/{case}")),
        page=update("reports/{study}/people/{case}.html"),
    log:
        "logs/{study}/predict-{case}.log",
    benchmark:
        "benchmarks/{study}/predict-{case}.tsv"
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        **needs("predict"),
    params:
        settings=settings_of("predict"),
        folder=FOLDER,
    shell:
        "biox predict {wildcards.study} --config {params.folder:q} --case {wildcards.case}"
        " --out {output.data} --page {output.page} > {log} 2>&1"
