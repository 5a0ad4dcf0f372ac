# The habits of the project, by name: `just` lists them. CI runs `.ci/run`, which is all of them but bench.

_default:
    @just --list

# Everything CI checks
ci:
    bash .ci/run

# Tests; arguments go to pytest: just test -n 0 tests/record
test *arguments:
    uv run pytest {{ arguments }}

# Style, and the rooms' imports
lint:
    uv run ruff check
    uv run ruff format --check
    uv run lint-imports

# Mend what can be mended by itself
fix:
    uv run ruff check --fix
    uv run ruff format

# Types, strictly
types:
    uv run basedpyright

# Build the documentation as CI does
docs:
    uv run --group docs mkdocs build --strict

# Read the documentation while writing it
docs-serve:
    uv run --group docs mkdocs serve

# Write the outputs of the documentation's examples anew
docs-refresh:
    uv run python tests/docs/console.py --refresh

# Timings, as ratios to the baseline that each names
bench:
    for part in benchmarks/*.py; do uv run python "$part"; done
