"""The clinic's own chain: the heads of all patients' chains, rolled up day by day, and the proof that all verify.

A patient's chain alone cannot tell that its last entries were cut off; the clinic's head, written down or sent
elsewhere, can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from nutation.store import chain
from nutation.store.schema import blob, clinic_head, entry, patient

CLINIC = "clinic"
"""Owner of the clinic's own chain, where a patient's chain names the patient."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not verify, and where."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, the clinic's last head, and every fault that was found."""

    patients: int
    entries: int
    erased: int
    documents: int
    head: str | None
    head_at: datetime | None
    faults: tuple[Fault, ...]


def roll(conn: Connection, at: datetime) -> str | None:
    """Tie the heads of all chains that changed since the last roll into the clinic's chain and return its head.

    None where nothing changed since.
    """
    last = conn.execute(select(clinic_head).order_by(clinic_head.c.seq.desc()).limit(1)).mappings().one_or_none()
    known = _known_heads(conn)
    heads = dict(conn.execute(select(patient.c.id, patient.c.head)).all())
    changed = {one: head for one, head in sorted(heads.items()) if known.get(one) != head}
    if not changed:
        return None
    seq, prev = (last["seq"] + 1, last["hash"]) if last is not None else (1, chain.START)
    entries = conn.execute(select(func.count()).select_from(entry)).scalar_one()
    digest = _digest(changed, len(heads), entries)
    made = chain.link(prev=prev, owner=CLINIC, seq=seq, kind="heads", at=at, by=CLINIC, digest=digest)
    conn.execute(
        insert(clinic_head).values(
            seq=seq, day=at.date(), at=at, patients=len(heads), entries=entries, heads=changed, digest=digest,
            prev=prev, hash=made,
        )
    )  # fmt: skip
    return made


def _digest(changed: dict[str, str], patients: int, entries: int) -> str:
    return hashlib.sha256(chain.canonical([changed, patients, entries])).hexdigest()


def _known_heads(conn: Connection) -> dict[str, str]:
    known: dict[str, str] = {}
    for heads in conn.execute(select(clinic_head.c.heads).order_by(clinic_head.c.seq)).scalars():
        known.update(heads)
    return known


def verify(conn: Connection) -> Verified:
    """Check every patient's chain, the clinic's chain over them, and every document's bytes."""
    faults: list[Fault] = []
    entries = erased = 0
    rows = {row["id"]: row for row in conn.execute(select(patient)).mappings()}
    hashes: dict[str, set[str]] = {}
    for one, row in rows.items():
        found = list(_chain(conn, one, row["erased_at"] is not None, faults))
        entries += len(found)
        erased += sum(1 for _, body in found if not body)
        hashes[one] = {hash_ for hash_, _ in found}
        last = found[-1][0] if found else chain.START
        if row["head"] != last or row["length"] != len(found):
            faults.append(Fault(f"patient {one}", "the last entries are not those that the patient's row names"))
    head = _verify_clinic(conn, hashes, faults)
    return Verified(len(rows), entries, erased, _verify_documents(conn, faults), *head, faults=tuple(faults))


def _chain(conn: Connection, one: str, was_erased: bool, faults: list[Fault]) -> Iterator[tuple[str, bool]]:
    """Hash of every entry of a patient in order, and whether its content is still there."""
    prev, seq = chain.START, 0
    asked = select(entry).where(entry.c.patient == one).order_by(entry.c.seq)
    for row in conn.execute(asked).mappings():
        place = f"patient {one}, entry {row['seq']}"
        seq += 1
        if row["seq"] != seq:
            faults.append(Fault(place, f"entry {seq} is missing"))
            seq = row["seq"]
        if row["prev"] != prev:
            faults.append(Fault(place, "it does not follow the entry before it"))
        if row["body"] is None:
            if not was_erased:
                faults.append(Fault(place, "its content is missing and no erasure is recorded"))
        elif chain.digest(row["body"], row["salt"] or "") != row["digest"]:
            faults.append(Fault(place, "its content is not the one that was entered"))
        tied = chain.link(
            prev=row["prev"], owner=one, seq=row["seq"], kind=row["kind"], at=row["at"], by=row["by"],
            digest=row["digest"],
        )  # fmt: skip
        if tied != row["hash"]:
            faults.append(Fault(place, "its time, author, kind or digest is not the one that was entered"))
        prev = row["hash"]
        yield row["hash"], row["body"] is not None


def _verify_clinic(
    conn: Connection, hashes: dict[str, set[str]], faults: list[Fault]
) -> tuple[str | None, datetime | None]:
    prev, head_at = chain.START, None
    for seq, row in enumerate(conn.execute(select(clinic_head).order_by(clinic_head.c.seq)).mappings(), 1):
        place = f"clinic, head {row['seq']} of {row['day']}"
        if row["seq"] != seq or row["prev"] != prev:
            faults.append(Fault(place, "it does not follow the head before it"))
        if _digest(row["heads"], row["patients"], row["entries"]) != row["digest"]:
            faults.append(Fault(place, "the heads that it lists are not those that were rolled"))
        tied = chain.link(
            prev=row["prev"], owner=CLINIC, seq=row["seq"], kind="heads", at=row["at"], by=CLINIC,
            digest=row["digest"],
        )  # fmt: skip
        if tied != row["hash"]:
            faults.append(Fault(place, "its time or digest is not the one that was rolled"))
        for one, head in row["heads"].items():
            if head not in hashes.get(one, ()):
                faults.append(Fault(f"patient {one}", f"an entry that the clinic's head of {row['day']} names is gone"))
        prev, head_at = row["hash"], row["at"]
    return (None if prev == chain.START else prev), head_at


def _verify_documents(conn: Connection, faults: list[Fault]) -> int:
    checked = 0
    for row in conn.execute(select(blob.c.patient, blob.c.sha256, blob.c.content).execution_options(yield_per=20)):
        checked += 1
        if row.content is not None and hashlib.sha256(bytes(row.content)).hexdigest() != row.sha256:
            faults.append(Fault(f"patient {row.patient}, document {row.sha256[:12]}", "its bytes were altered"))
    return checked
