"""The command line: ``nutation case``, ``nutation evidence``, ``nutation policy``."""

from nutation.cli.app import main

__all__ = ["main"]
