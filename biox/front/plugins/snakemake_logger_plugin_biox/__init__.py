"""Tells ``biox run`` what snakemake does: one line of JSON an event, into the pipe whose number is in BIOX_EVENTS.

Snakemake finds logger plugins by the name of their package; ``biox run`` puts this folder on its path. Whatever
snakemake would have printed goes to its own file in ``.snakemake/log``, as ever.
"""

import json
import logging
import os
from collections.abc import Iterable
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

PIPE = "BIOX_EVENTS"


class LogHandler(LogHandlerBase):
    """Writes events; prints nothing."""

    def __post_init__(self) -> None:
        self.pipe = int(os.environ[PIPE])
        os.set_inheritable(self.pipe, False)

    def emit(self, record: logging.LogRecord) -> None:
        """One event; a reader that has gone away is no reason to stop the jobs."""
        event = told(record.__dict__)
        if event is None:
            return
        data = (json.dumps(event) + "\n").encode()
        try:
            while data:
                data = data[os.write(self.pipe, data) :]
        except OSError:
            return

    @property
    def writes_to_stream(self) -> bool:
        """Said so that snakemake prints nothing beside it."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No file."""
        return False

    @property
    def has_filter(self) -> bool:
        """Every event is looked at."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Events are data."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """Jobs are enough."""
        return False


def told(record: dict[str, Any]) -> dict[str, Any] | None:
    """What a record says, as plain data; None for what nobody asks for."""
    event = record.get("event")
    if event == LogEvent.JOB_INFO:
        return {
            "event": "job",
            "id": record["jobid"],
            "rule": record["rule_name"],
            "wildcards": {key: str(value) for key, value in (record["wildcards"] or {}).items()},
            "log": [str(file) for file in record["log"] or ()],
            "input": plain(record["input"]),
            "output": plain(record["output"]),
            "benchmark": next(iter(plain([record["benchmark"] or ""]))),
            "threads": record["threads"],
            # Numbers only: what a job learns later (its temporary folder) is text.
            "resources": {key: value for key, value in record["resources"].items() if isinstance(value, int | float)},
        }
    if event == LogEvent.JOB_FINISHED:
        return {"event": "done", "id": record["job_id"]}
    if event == LogEvent.JOB_ERROR:
        return {"event": "failed", "id": record["jobid"]}
    if event == LogEvent.ERROR:
        return {"event": "error", "kind": record["exception"], "text": str(record["msg"])}
    if event is None and record["levelno"] >= logging.WARNING:
        return {"event": "said", "text": str(record["msg"])}
    return None


def plain(files: Iterable[Any] | None) -> list[str]:
    """Names of files without the word that snakemake puts behind those of rules that `update` them."""
    return [str(file).removesuffix(" (update)") for file in files or ()]
