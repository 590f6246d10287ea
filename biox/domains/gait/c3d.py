"""A C3D recording, read in a process of its own: ezc3d crashes or hangs on some damaged files, and the study must not.

Run as a program, this file reads one recording and writes its signals to standard output; it imports nothing of biox.
"""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np

# Of processor time: a whole recording takes a second. On the clock a busy machine may take much longer for that.
LONGEST_CPU_S, LONGEST_S = 60, 900
MOST_BYTES = 4 * 2**30


def c3d(file: Path) -> tuple[dict[str, np.ndarray], float]:
    """Analog signals by label, forces of calibrated plates as "plate1 Fx" ..., and the sampling rate in hertz.

    Raises ValueError with the reason where the file cannot be read.
    """
    command = [sys.executable, "-I", __file__, str(file.resolve())]
    try:
        child = subprocess.run(command, capture_output=True, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        raise ValueError(f"not read after {LONGEST_S} s; is the disk or the machine busy?") from None
    if child.returncode:
        said = child.stderr.decode(errors="replace").strip().split("\n")[-1]
        raise ValueError(said if child.returncode > 0 else "ezc3d crashed or never ended, the file is damaged")
    with np.load(io.BytesIO(child.stdout), allow_pickle=False) as arrays:
        labels = [str(label) for label in arrays["labels"]]
        return dict(zip(labels, arrays["signals"], strict=True)), float(arrays["rate"])


def _hold() -> None:
    """A header may announce any number of frames: this process gets no more memory and time than a real one needs."""
    if sys.platform != "linux":  # Windows has no such limit, and macOS refuses to set one below what is mapped
        return
    import resource

    for what, most in ((resource.RLIMIT_AS, MOST_BYTES), (resource.RLIMIT_CPU, LONGEST_CPU_S)):
        _, hard = resource.getrlimit(what)
        # A cluster may have set a lower one (ulimit), which nobody may raise again.
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _program(file: str) -> None:
    import ezc3d

    _hold()
    content = ezc3d.c3d(file)
    parameters = content["parameters"]
    analog = np.asarray(content["data"]["analogs"][0], dtype=float)
    named = dict(zip([str(label).strip() for label in parameters["ANALOG"]["LABELS"]["value"]], analog, strict=False))
    used = parameters.get("FORCE_PLATFORM", {}).get("USED", {}).get("value", [0])
    if len(used) and used[0]:
        plates = ezc3d.c3d(file, extract_forceplat_data=True)["data"]["platform"]
        for number, plate in enumerate(plates, start=1):
            named |= {f"plate{number} F{axis}": force for axis, force in zip("xyz", plate["force"], strict=True)}
    rates = parameters["ANALOG"]["RATE"]["value"]
    signals = np.stack(list(named.values())) if named else np.empty((0, 0))
    packed = io.BytesIO()
    np.savez(
        packed, labels=np.array(list(named), dtype=str), signals=signals, rate=float(rates[0]) if len(rates) else 0.0
    )
    sys.stdout.buffer.write(packed.getvalue())


if __name__ == "__main__":
    try:
        _program(sys.argv[1])
    except Exception as error:
        sys.exit(str(error).strip().split("\n")[0] or type(error).__name__)
