"""The pages, one module a group, each with its ``router``."""
