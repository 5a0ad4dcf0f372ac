"""What can be known of a joint, declared once in the criteria language."""

from nutation.facts.catalogue import CATALOGUE

__all__ = ["CATALOGUE"]
