"""``nutation evidence``: every figure with its source, and what a new set of figures would change."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from nutation.cli.output import console, day, print_json
from nutation.cli.speaking import UsageError
from nutation.evidence import MARK_WORDS, Evidence, load, show


def run(
    what: tuple[str, ...], *, words: str | None, records: tuple[Path, ...], as_of: str | None, json: bool, quiet: bool
) -> None:
    """Browse, or compare two sets."""
    if what and what[0] == "diff":
        if len(what) != 3:
            raise UsageError(
                "write: nutation evidence diff OLD NEW --records FILE …  (OLD, NEW: folders; packaged: the one here)."
            )
        _diff(what[1], what[2], records, day(as_of, "--as-of"), json, quiet)
        return
    if len(what) > 1:
        raise UsageError("name one entry or topic, or write: evidence diff OLD NEW.")
    evidence = load()
    topics = show.topics(evidence)
    if what and what[0] not in topics:
        told = show.detail(evidence, what[0])
        if json:
            print_json(told)
        elif not quiet:
            _detail(told)
        return
    rows = show.rows(evidence, topic=what[0] if what else None, words=words)
    if json:
        print_json({"version": evidence.version, "entries": rows})
    elif not quiet:
        _table(evidence, rows, topics)


def _table(evidence: Evidence, rows: list[dict[str, str]], topics: dict[str, int]) -> None:
    from rich.table import Table

    page = console()
    table = Table(title=f"Evidence {evidence.version}: {len(rows)} entries", title_justify="left", show_lines=False)
    for column in ("id", "value", "population", "source", "verified"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row["id"], row["value"], row["population"], row["source"], row["verified"])
    page.print(table)
    page.print("Topics: " + ", ".join(f"{name} ({count})" for name, count in topics.items()))
    page.print("One entry in full, with its sources: nutation evidence ID")


def _detail(told: dict[str, Any]) -> None:
    page = console()
    page.print(f"[bold]{told['id']}[/bold]  {told['label']}", highlight=False)
    for name in ("population", "n", "unit", "note"):
        if told.get(name):
            page.print(f"  {name}: {told[name]}", markup=False)
    page.print(f"  verified: {MARK_WORDS.get(told['verified'], told['verified'])}", markup=False)
    for figure in told["figures"]:
        place = f"{figure['name'].replace('_', ' ')}: " if figure["name"] else ""
        interval = f" ({figure['interval']})" if figure.get("interval") else ""
        mark = f" [{figure['verified']}]" if figure["verified"] != told["verified"] else ""
        page.print(f"  {place}{figure['value']}{interval}{mark}", markup=False)
    for source in told["sources"]:
        page.print(f"  source {source['key']}: {source['citation']} {source['link']}".rstrip(), markup=False)


def _diff(old: str, new: str, records: tuple[Path, ...], on: date, json: bool, quiet: bool) -> None:
    from nutation.evidence import changes

    before, after = _set(old), _set(new)
    found = changes.compare(before, after)
    cases = [changed for record in records if (changed := _answer_changes(record, before, after, on)) is not None]
    if json:
        from nutation.evaluation import plain

        print_json({"old": before.version, "new": after.version, "changes": [plain(c) for c in found], "cases": cases})
        return
    if quiet:
        return
    page = console()
    page.print(f"{before.version} → {after.version}: {len(found)} changes", markup=False)
    for change in found:
        page.print(
            f"  {change.change} {change.kind} {change.id} {change.place}: {change.old} → {change.new}", markup=False
        )
    page.print(f"{len(cases)} of {len(records)} cases change their answer", markup=False)
    for case in cases:
        page.print(f"  {case['record']}", markup=False)
        for line in case["differs"]:
            page.print(f"    {line}", markup=False)


def _set(name: str) -> Evidence:
    return load() if name == "packaged" else load(Path(name))


def _answer_changes(record: Path, old: Evidence, new: Evidence, on: date) -> dict[str, Any] | None:
    from nutation.case import build_case, document
    from nutation.indication import current, policies
    from nutation.record.reading import read_record

    told = read_record(record)
    answers = [document(build_case(told, as_of=on, evidence=e, asked=current(policies(e), on)), e) for e in (old, new)]
    lines = list(_differences(*answers))
    return {"record": str(record), "patient": told.patient, "differs": lines} if lines else None


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Any:
    before, after = old["recommendation"]["action"], new["recommendation"]["action"]
    if before != after:
        yield f"recommended action: {before} → {after}"
    for one, other in zip(old["joints"], new["joints"], strict=True):
        side = one["side"]
        if one["gate"]["state"] != other["gate"]["state"]:
            yield f"{side}: gate {one['gate']['state']} → {other['gate']['state']}"
        was, now = (joint["evaluation"]["probability"] for joint in (one, other))
        if was != now and was is not None and now is not None:
            yield f"{side}: probability {was['median']:.0%} → {now['median']:.0%}"
        verdicts = {p["id"]: p["verdict"] for p in one["indication"]["policies"]}
        for policy in other["indication"]["policies"]:
            if verdicts.get(policy["id"]) != policy["verdict"]:
                yield f"{side}: {policy['id']} {verdicts.get(policy['id'], 'not there')} → {policy['verdict']}"
