"""``python -m nutation`` is ``nutation``."""

from nutation.cli import main

main()
