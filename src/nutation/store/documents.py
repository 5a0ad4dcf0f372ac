"""Contents of source documents and papers that were sent: kept once by their hash, erased with the patient."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, select

from nutation.record.errors import InputError
from nutation.store.schema import blob
from nutation.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Content:
    """A stored content: its bytes and their type."""

    sha256: str
    media_type: str
    content: bytes


def put(conn: Connection, patient_id: str, content: bytes, media_type: str) -> str:
    """Keep the bytes and return their SHA-256; the same bytes of one patient are kept once."""
    sha = hashlib.sha256(content).hexdigest()
    told = {"media_type": media_type, "bytes": len(content), "content": content}
    upsert(conn, blob, {"patient": patient_id, "sha256": sha}, told)
    return sha


def get(conn: Connection, patient_id: str, sha: str) -> Content:
    """The bytes of that hash. Raises InputError where they are not of this patient, or were erased or altered."""
    row = conn.execute(select(blob).where(blob.c.patient == patient_id, blob.c.sha256 == sha)).mappings().one_or_none()
    if row is None or row["content"] is None:
        raise InputError("There is no such document.", mend="open it from the patient's page.")
    content = bytes(row["content"])
    if hashlib.sha256(content).hexdigest() != sha:
        raise InputError(
            "The stored document is not the one that was uploaded.", mend="run `nutation audit verify`; use a backup."
        )
    return Content(sha, row["media_type"], content)
