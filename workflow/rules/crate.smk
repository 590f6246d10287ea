# The folder of a report as an RO-Crate: it comes last, since it names every other file there.
rule crate:
    input:
        page=rules.report.output,
        pdf=lambda wildcards: pdf_of(wildcards.study),
        viewer=viewer_of,
        people=lambda wildcards: pages_of(wildcards.study),
        study=lambda wildcards: str(FOLDER / f"{wildcards.study}.yaml"),
    output:
        crate=update("reports/{study}/ro-crate-metadata.json"),
        repeat=update(directory("reports/{study}/repeat")),
    log:
        "logs/{study}/crate.log",
    benchmark:
        "benchmarks/{study}/crate.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("crate"),
    params:
        folder=FOLDER,
    shell:
        "biox crate {wildcards.study} --config {params.folder:q} --out {output.crate} > {log} 2>&1"
