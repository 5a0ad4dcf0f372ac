"""Where the equations are solved: on the CPU, or on a CUDA device by NVIDIA Warp (the extra `gpu`).

Nothing is imported and nothing is said where there is no CUDA driver, so that a machine without a GPU pays nothing.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import os
import sys
from typing import Any, Literal

from nutation.record.errors import InputError

Backend = Literal["cpu", "cuda"]

VARIABLE = "NUTATION_STABILITY_BACKEND"
"""The environment variable that decides by hand: `cpu` or `cuda`."""

MEMORY_MARGIN = 1.2
"""A device has to have this many times the bytes that vectors and operators take: compiled code and the driver's own
buffers come on top."""


def backend(needed_bytes: float = 0.0) -> Backend:
    """`cuda` where Warp is installed and a CUDA device has `needed_bytes` free with a margin, else `cpu`.

    `NUTATION_STABILITY_BACKEND` overrides it; memory is then not looked at. Raises InputError where it asks for what is
    not there, or for something else.
    """
    asked = os.environ.get(VARIABLE, "").strip().lower()
    if asked == "cpu":
        return "cpu"
    if asked not in ("", "cuda"):
        raise InputError(f"{VARIABLE} is {asked!r}", mend=f"set {VARIABLE} to cpu or to cuda, or leave it out")
    free = max(devices().values(), default=0.0)
    if asked == "cuda":
        if free <= 0.0:
            raise InputError(f"{VARIABLE} asks for cuda, and {_lacking()}", mend=f"leave {VARIABLE} out")
        return "cuda"
    return "cuda" if free > 0.0 and free >= MEMORY_MARGIN * needed_bytes else "cpu"


def cuda_device() -> str:
    """Warp's name of the CUDA device with the most free memory. Raises ValueError where there is none."""
    there = devices()
    return max(there, key=lambda name: there[name])


def devices() -> dict[str, float]:
    """Free bytes of every CUDA device by Warp's name for it; empty without driver, device or Warp."""
    if driver_devices() == 0 or importlib.util.find_spec("warp") is None:
        return {}
    try:
        warp = quiet_warp()
        return {str(one.alias): float(one.free_memory) for one in warp.get_cuda_devices()}
    except Exception:  # a broken driver or another version of Warp must not keep the CPU from solving
        return {}


def quiet_warp() -> Any:
    """Warp, imported and told to print nothing but errors."""
    module: Any = importlib.import_module("warp")
    module.config.log_level = max(int(module.config.log_level), int(module.LOG_ERROR))
    return module


@functools.cache
def driver_devices() -> int:
    """How many devices the CUDA driver knows; 0 where no driver is installed."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        count = ctypes.c_int(0)
        if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
            return 0
        return count.value
    except (OSError, AttributeError):
        return 0


def _lacking() -> str:
    if importlib.util.find_spec("warp") is None:
        return "NVIDIA Warp is not installed (pip install 'nutation[gpu]')"
    return "no CUDA device is found"
