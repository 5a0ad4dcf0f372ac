"""Codes as data: which code means which event, side, unit or answer; each row with its mark and citation."""
