"""A job ends with the workflow that started it, so that a killed workflow leaves nobody at work behind its back."""

import os
import threading
import time

VARIABLE = "BIOX_WORKFLOW"  # the process that runs the workflow, as its jobs are told
EVERY_S = 0.5


def end_with_workflow() -> None:
    """Watch the workflow that started this process, if one did; end at once when it is gone.

    What was half written lies in a temporary folder and is removed by the next writer.
    """
    workflow = os.environ.get(VARIABLE, "")
    if workflow.isdigit():
        threading.Thread(target=_watch, args=(int(workflow),), daemon=True).start()


def _watch(process: int) -> None:
    while alive(process):
        time.sleep(EVERY_S)
    os._exit(1)


def alive(process: int) -> bool:
    """Whether a process of this machine is still there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
