# The report on paper, where Chromium is found. The note is always there: it says whether there is a PDF, and if not, why.
from biox.core.browsers import browser


rule pdf:
    input:
        page=rules.report.output.page,
        viewer=viewer_of,
    output:
        note=update("reports/{study}/pdf-note.txt"),
    log:
        "logs/{study}/pdf.log",
    benchmark:
        "benchmarks/{study}/pdf.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("pdf"),
    params:
        folder=FOLDER,
        browser=browser() is not None,
    shell:
        "biox pdf {wildcards.study} --config {params.folder:q} --out reports/{wildcards.study}/report.pdf > {log} 2>&1"
