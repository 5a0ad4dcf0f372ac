"""The linear solver beside established ones, on the same mesh of a real pelvis, in one run:

    NUTATION_DATA=… uv run --with pyamg python benchmarks/stability_peers.py [--parosol PYTHON]

Prints Markdown tables. First, for one load (10 Nm in flexion) on bones, joints, symphysis and support as
`nutation.stability` solves them: set-up, solution and peak memory of ours, of CalculiX direct (SPOOLES) and iterative
(`ccx` on the path), and of the same matrix assembled, with pyamg. Then, on the bones alone as one voxel image, ours and
ParOSol, which knows no joint. Then how ours grows, six loads together and in turn, a second construct on what was built
for the first, and the product beside the memory bandwidth.

Every solver runs in a process of its own, one after the other. A peer that is not there is printed as "not installed".
pyamg is no dependency of the project: `--with` lends it to this run. ParOSol (GPL) wants an environment of its own,
`uv venv ENV && uv pip install --python ENV/bin/python parosol-py`, then `--parosol ENV/bin/python`.

This file imports nothing heavy, since a process's peak counts what its parent held when it was started. The work is in
`stability_peers_work.py`, the meshes are made in `stability_peers_case.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Threads of each solver, and ParOSol's processes."""

MISSING = "not installed"


@dataclass(frozen=True, slots=True)
class Ran:
    """One process and those it started: seconds, seconds of processor time, peak memory in bytes of the largest, lines
    with the seconds at which they came, exit code."""

    seconds: float
    processor: float
    peak: float
    lines: tuple[tuple[float, str], ...]
    code: int

    def when(self, *words: str) -> float | None:
        """The second at which a line with one of these words came."""
        return next((at for at, line in self.lines if any(word in line for word in words)), None)

    def number(self, pattern: str) -> float | None:
        """The last number that a pattern finds in the lines."""
        found = re.findall(pattern, "\n".join(line for _, line in self.lines))
        return float(found[-1]) if found else None


def ran(command: list[str], folder: Path, limit_s: float, environment: dict[str, str] | None = None) -> Ran:
    """Run to the end, or to the limit. Through a terminal, so that lines come when they are written."""
    ours, theirs = pty.openpty()
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    watch = threading.Timer(limit_s, os.killpg, (process.pid, signal.SIGKILL))
    watch.daemon = True
    watch.start()
    lines: list[tuple[float, str]] = []
    left = b""
    try:
        while got := _read(ours):
            *whole, left = (left + got).split(b"\n")
            lines += [(time.perf_counter() - started, line.decode(errors="replace").rstrip()) for line in whole]
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    watch.cancel()
    os.close(ours)
    unit = 1 if sys.platform == "darwin" else 1024
    return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, tuple(lines), process.returncode)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # so Linux tells that nobody holds the other end any more
        return b""


class Peers:
    """Asks the processes, with what the user asked for."""

    def __init__(self, asked: Any, folder: Path) -> None:
        self.asked, self.folder = asked, folder

    def work(self, what: str, *arguments: str, program: str = sys.executable) -> dict[str, Any]:
        """What a worker answers; empty where it says that a library is missing. Raises RuntimeError where it fails."""
        done = ran([program, str(Path(__file__).resolve()), "work", what, *arguments], self.folder, 7200)
        answers = [line for _, line in done.lines if line.startswith("{")]
        if done.code or not answers:
            raise RuntimeError(f"{what} failed:\n" + "\n".join(line for _, line in done.lines[-20:]))
        return json.loads(answers[-1])

    def calculix(self, at: Path, job: str) -> dict[str, Any] | str:
        """CalculiX on an input file: seconds until the equations stood and from there on, iterations, peak."""
        program = shutil.which("ccx")
        if program is None:
            return MISSING
        threads = {"OMP_NUM_THREADS": str(CORES)}
        done = ran([program, "-i", job], at, self.asked.limit, os.environ | threads)
        stood = done.when("Factoring the system", "Cholesky preconditioning")
        if done.code or stood is None or done.when("Job finished") is None:
            return f"no answer in {done.seconds:.0f} s"
        iterations = done.number(r"iteration= (\d+)")
        return {
            "setup": stood, "one": done.seconds - stood, "iterations": iterations,
            "processor": done.processor, "peak": done.peak,
        }  # fmt: skip

    def calculix_version(self) -> str:
        program = shutil.which("ccx")
        if program is None:
            return MISSING
        told = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stdout.split()
        return told[-1] if told else "unknown"

    def parosol(self, at: Path, ranks: int) -> dict[str, Any] | str:
        """ParOSol on the image; its peak is that of its largest process times their number."""
        if self.asked.parosol is None:
            return MISSING
        told = self.work("parosol_write", str(at), str(ranks), program=self.asked.parosol)
        if not told:
            return MISSING
        done = ran(told["command"], at, self.asked.limit, told["environment"])
        if done.code:
            return f"no answer in {done.seconds:.0f} s"
        solving = done.number(r"#\s+Solving:\s+([-+0-9.eE]+)")
        assert solving is not None
        self.work("parosol_read", str(at), program=self.asked.parosol)
        return {
            "setup": done.seconds - solving,
            "one": solving,
            "iterations": done.number(r"Nr of It:\s+(\d+)"),
            "residual": done.number(r"Relative residuum:\s+([-+0-9.eE]+)"),
            "processor": done.processor,
            "peak": ranks * done.peak,
            "version": told["version"],
        }


def value(found: dict[str, Any], name: str, form: str, scale: float = 1.0, unit: str = "") -> str:
    return "–" if found.get(name) is None else f"{found[name] * scale:{form}}{unit}"


def row(cube: float, name: str, found: dict[str, Any] | str, ours: dict[str, Any]) -> str:
    if isinstance(found, str):
        return f"| {cube:g} mm | {name} | {found} " + "| " * 9 + "|"
    both = (found["setup"] + found["one"]) / (ours["setup"] + ours["one"])
    alone = found["one"] / ours["one"]
    cells = [
        f"{cube:g} mm", name, value(found, "setup", ".2f", unit=" s"), value(found, "one", ".2f", unit=" s"),
        f"{both:.3g}", f"{alone:.3g}", value(found, "processor", ".1f", unit=" s"),
        value(found, "six", ".2f", unit=" s"), value(found, "iterations", ".0f"), value(found, "residual", ".1e"),
        value(found, "peak", ".2f", 1e-9, " GB"), value(found, "off", ".1e"),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| cubes | solver | set-up | one load | both, ours is 1 | one load, ours is 1 | both, processor time | six loads"
    " | iterations | residual | peak | displacements off by |\n|" + "---|" * 12
)


def whole_model(peers: Peers, sizes: list[float]) -> None:
    print(HEAD)
    base = 0.0
    for size in sizes:
        at = peers.folder / f"{size:g}"
        ours = peers.work("ours", str(at), "whole")
        base = ours["base"]
        found: dict[str, tuple[Any, str]] = {
            "ours": (ours, "ours_whole.npy"),
            "CalculiX, SPOOLES": (peers.calculix(at, "direct"), "direct.dat"),
            "CalculiX, iterative Cholesky": (peers.calculix(at, "iterative"), "iterative.dat"),
            "SciPy matrix, pyamg": (peers.work("amg", str(at)) or MISSING, "amg.npy"),
        }
        truth = "direct.dat" if isinstance(found["CalculiX, SPOOLES"][0], dict) else "tight_whole.npy"
        for name, (one, file) in found.items():
            if isinstance(one, dict) and file != truth:
                one |= peers.work("compare", str(at), truth, file)
            print(row(size, name, one, ours), flush=True)
    print(f"\nA process of ours takes {base / 1e9:.2f} GB before it reads a mesh (Python and its libraries).")


def bones_alone(peers: Peers, sizes: list[float]) -> str:
    """Prints the table; ParOSol's version."""
    print(HEAD)
    version = MISSING
    for size in sizes:
        at = peers.folder / f"{size:g}"
        ours = peers.work("ours", str(at), "welded")
        print(row(size, "ours", ours, ours), flush=True)
        for processes in dict.fromkeys((1, CORES)):
            one = peers.parosol(at, processes)
            if isinstance(one, dict):
                one |= peers.work("compare", str(at), "tight_welded.npy", "parosol.npy")
                version = one["version"]
            print(row(size, f"ParOSol, {processes} process" + "es" * (processes > 1), one, ours), flush=True)
    return version


def growth(peers: Peers, sizes: list[float]) -> None:
    print(
        "| cubes | unknowns | set-up | six together | iterations | peak | six in turn | in turn, together is 1"
        " | product, a load | of the bandwidth | product with smoothing | of the bandwidth |\n|" + "---|" * 12
    )
    constructs = [
        "| cubes | first: placing | set-up | six loads | iterations | second: placing | set-up | six loads"
        " | iterations | all, first is 1 |\n|" + "---|" * 10
    ]
    for size in sizes:
        f = peers.work("growth", str(peers.folder / f"{size:g}"))
        print(
            f"| {size:g} mm | {f['unknowns'] / 1e6:.2f} M | {f['setup']:.2f} s | {f['six']:.2f} s | {f['iterations']}"
            f" | {f['peak'] / 1e9:.2f} GB | {f['in_turn']:.2f} s | {f['in_turn'] / f['six']:.1f}"
            f" | {f['product'][0]:.3f} ms | {f['product'][1]:.0%} | {f['step'][0]:.3f} ms | {f['step'][1]:.0%} |",
            flush=True,
        )
        told, all_of = f"| {size:g} mm ", []
        for name in ("first", "second"):
            (setup, six, iterations), placing = f[name], f["placing"][name]
            told += f"| {placing:.2f} s | {setup:.2f} s | {six:.2f} s | {iterations} "
            all_of.append(placing + setup + six)
        constructs.append(f"{told}| {all_of[1] / all_of[0]:.2f} |")
    print("\nA first construct (three implants) and a second one (two) on what was built for the first:\n")
    print("\n".join(constructs), flush=True)


def main() -> None:
    if sys.argv[1:2] == ["work"]:
        return at_work(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", default="3", help="pelvis of the atlas")
    parser.add_argument("--peers", type=float, nargs="*", default=[3.0, 2.0], help="cubes in mm that peers solve")
    parser.add_argument("--growth", type=float, nargs="*", default=[3.0, 2.0, 1.5, 1.0], help="cubes of ours alone")
    parser.add_argument("--parosol", default=os.environ.get("NUTATION_PAROSOL"), help="a Python that has parosol-py")
    parser.add_argument("--limit", type=float, default=1800.0, help="seconds after which a peer is stopped")
    parser.add_argument("--folder", type=Path, help="keep the meshes and answers here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        peers = Peers(asked, folder)
        load = os.getloadavg()[0]
        sizes = [",".join(f"{size:g}" for size in some) for some in (asked.peers, asked.growth)]
        made_of = peers.work("prepare", str(folder), asked.case, *sizes)
        print(
            f"Pelvis {asked.case}, {datetime.now(UTC):%d %B %Y}, {made_of['processor']}, {CORES} cores, load average"
            f" {load:.1f} at the start; Python {platform.python_version()}, NumPy {made_of['numpy']}, SciPy"
            f" {made_of['scipy']}, Numba {made_of['numba']}, pyamg {made_of['pyamg'] or MISSING}, CalculiX"
            f" {peers.calculix_version()}. A triad of long vectors: {made_of['bandwidth'] / 1e9:.1f} GB/s.\n"
        )
        if asked.peers:
            print("Bones, joints, symphysis and support, 10 Nm in flexion, to a residual of 1e-6:\n")
            whole_model(peers, asked.peers)
            print("\nThe same cubes as one voxel image, bones alone, held rigidly at the ischia, the same load:\n")
            version = bones_alone(peers, asked.peers)
            print(f"\n(ParOSol: parosol-py {version}.)")
        if asked.growth:
            print("\nOurs, six unit loads to a residual of 1e-6; the product is in single precision:\n")
            growth(peers, asked.growth)
        print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}")
    return None


def at_work(what: str, *arguments: str) -> None:
    """One piece of work in this process: its answer is the last line that is printed."""
    if what.startswith("parosol"):
        answer = parosol_write(*arguments) if what == "parosol_write" else parosol_read(*arguments)
    else:
        import stability_peers_work

        answer = getattr(stability_peers_work, what)(*arguments)
    print(json.dumps(answer))


def parosol_write(folder: str, ranks: str) -> dict[str, Any]:
    """In ParOSol's environment: write its input; the command and its environment. Empty where it is missing."""
    try:
        import numpy as np
        from parosol_py import __version__, hdf5_io, runner
    except ImportError:
        return {}
    with np.load(Path(folder) / "image.npz") as held:
        path = hdf5_io.write_parosol_input(
            Path(folder) / "parosol.h5", stiffness_gpa_xyz=held["image_gpa"], poisson_ratio=float(held["poisson"]),
            fixed_displacement_coordinates=held["held"], fixed_displacement_values=np.zeros(len(held["held"])),
            voxel_size_mm=float(held["spacing_mm"]),
            loaded_node_coordinates=held["loaded"], loaded_node_values=held["force_n"],
        )  # fmt: skip
    command = runner.build_parosol_command(
        executable=runner.packaged_executable(), input_file=path, outputs=("sed",),
        mpi_processes=int(ranks),
    )  # fmt: skip
    return {"command": command, "environment": runner.mpi_runtime_environment(command), "version": __version__}


def parosol_read(folder: str) -> dict[str, Any]:
    """In ParOSol's environment: its displacements in the order of the welded mesh's nodes."""
    import h5py
    import numpy as np

    with h5py.File(Path(folder) / "parosol.h5") as file, np.load(Path(folder) / "image.npz") as held:
        places = np.round(np.asarray(file["Mesh/Coordinates"]) / held["spacing_mm"]).astype(int)
        moved, nodes = np.asarray(file["Solution/disp"]), held["nodes"]
        number = np.full(nodes.max(axis=0) + 1, -1)
        number[tuple(nodes.T)] = np.arange(len(nodes))
        found = np.full(moved.shape, np.nan)
        found[number[tuple(places.T)]] = moved
    np.save(Path(folder) / "parosol.npy", found.ravel())
    return {"nodes": len(nodes)}


if __name__ == "__main__":
    main()
