"""Nutation: the open system for sacroiliac joint fusion."""

__version__ = "0.1.0"
