"""Work on a range of lines shared out over threads: compiled loops release Python's lock.

Numba's own parallel loops would do the same, at several times the compilation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

MOST_THREADS = 8
"""More than these share one memory bus without gain."""
PARTS = 4
"""Parts for each thread: lines differ in how much they hold."""


def shared_out(count: int, work: Callable[[int, int], None]) -> None:
    """Calls `work(first, last)` for parts of range(count), in threads; returns when all are done."""
    threads = min(MOST_THREADS, os.cpu_count() or 1, max(1, count))
    if threads == 1:
        work(0, count)
        return
    edges = [count * part // (threads * PARTS) for part in range(threads * PARTS + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, a, b) for a, b in pairwise(edges) if b > a]:
            done.result()
