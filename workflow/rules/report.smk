rule report:
    input:
        evidence=rules.validate.output,
        viewer=viewer_of,
    output:
        page=report(
            update("reports/{study}/index.html"),
            caption="../report/page.rst",
            category="{study}",
            subcategory="Page",
            labels={"shown": "the report"},
        ),
        figures=report(
            update(directory("reports/{study}/figures")),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="{study}",
            subcategory="Figures",
            labels={"shown": "{figure}"},
        ),
        tables=report(
            update(directory("reports/{study}/tables")),
            patterns=["{table}.csv"],
            caption="../report/table.rst",
            category="{study}",
            subcategory="Tables",
            labels={"shown": "{table}"},
        ),
        cards=update(expand("reports/{{study}}/{card}_card.md", card=["model", "data"])),
    log:
        "logs/{study}/report.log",
    benchmark:
        "benchmarks/{study}/report.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("report"),
    params:
        settings=settings_of("report"),
        folder=FOLDER,
    shell:
        "biox report {wildcards.study} --config {params.folder:q} --out {output.page} > {log} 2>&1"


rule index:
    input:
        expand(rules.report.output.page, study=STUDIES),
    output:
        update("reports/index.html"),
    log:
        "logs/index.log",
    benchmark:
        "benchmarks/index.tsv"
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **needs("index"),
    params:
        folder=FOLDER,
        studies=list(STUDIES),
    shell:
        "biox index {params.studies} --config {params.folder:q} --out {output} > {log} 2>&1"
