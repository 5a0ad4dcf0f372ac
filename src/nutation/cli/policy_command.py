"""``nutation policy``: every rule set with its source; ``policy check FILE`` for one that a clinic wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nutation.cli.output import console, print_json
from nutation.cli.speaking import UsageError
from nutation.criteria.wording import in_words
from nutation.evidence import MARK_WORDS, load
from nutation.facts import CATALOGUE
from nutation.indication import Policy, check_policy, current, not_seen, policies
from nutation.indication import policy as policy_of


def run(what: tuple[str, ...], *, version: str | None, json: bool, quiet: bool) -> None:
    """List, show or check."""
    if what and what[0] == "check":
        if len(what) != 2:
            raise UsageError("write: nutation policy check FILE.")
        _check(Path(what[1]), json, quiet)
        return
    if len(what) > 1:
        raise UsageError("name one policy, or write: policy check FILE.")
    if what:
        named = policy_of(what[0], version)
        if json:
            print_json(_plain(named))
        elif not quiet:
            _show(named)
        return
    known = current(policies())
    if json:
        unread = [{"id": n.id, "publisher": n.publisher, "reason": n.reason} for n in not_seen()]
        print_json({"policies": [_plain(p) for p in known], "not_seen": unread})
    elif not quiet:
        _list(known)


def _plain(policy: Policy) -> dict[str, Any]:
    return policy.told.model_dump(mode="json", by_alias=True)


def _list(known: tuple[Policy, ...]) -> None:
    from rich.table import Table

    page = console()
    table = Table(title=f"{len(known)} rule sets", title_justify="left")
    for column in ("id", "version", "title", "procedures", "criteria", "verified"):
        table.add_column(column, overflow="fold")
    for policy in known:
        told = policy.told
        table.add_row(
            policy.id, policy.version, told.title, " ".join(told.procedure), str(len(policy.criteria)), told.verified
        )
    page.print(table)
    page.print("Not read, so not answered: " + ", ".join(n.id for n in not_seen()), markup=False)
    page.print("One in full: nutation policy ID.  Your own: nutation policy check FILE", markup=False)


def _show(policy: Policy) -> None:
    page, told = console(), policy.told

    def line(text: str) -> None:
        page.print(text, markup=False)

    sources = load().sources
    line(f"{told.id} (version {told.version}): {told.title}")
    line(f"  {told.publisher}; procedures {', '.join(told.procedure) or 'none'}; {MARK_WORDS[told.verified]}")
    for bound in policy.criteria:
        criterion = bound.told
        line(f"\n  {criterion.id}: {criterion.text}")
        for part in in_words(bound.rule, CATALOGUE):
            line(f"      {part}")
        line(f"      {criterion.explain}")
        line(f"      {MARK_WORDS[criterion.verified]}; {', '.join(criterion.citation)}")
    for note in told.notes:
        line(f"\n  note: {note}")
    cited = dict.fromkeys((*told.citation, *(key for bound in policy.criteria for key in bound.told.citation)))
    line("")
    for key in cited:
        if (source := sources.get(key)) is not None:
            line(f"  {key}: {source.citation} {source.link or ''}".rstrip())


def _check(file: Path, json: bool, quiet: bool) -> None:
    import typer

    problems = check_policy(file)
    errors = [p for p in problems if p.severity == "error"]
    if json:
        from nutation.evaluation import plain

        print_json({"file": str(file), "problems": [plain(p) for p in problems]})
    elif not quiet:
        page = console()
        for problem in problems:
            page.print(str(problem), markup=False)
        count = f"{len(errors)} errors, {len(problems) - len(errors)} warnings"
        page.print(f"{file}: {count}" if problems else f"{file}: nothing wrong found", markup=False)
    if errors:
        raise typer.Exit(1)
