"""The clinic's database: a hash chain of entries for each patient, stored answers, documents, people, audit."""

from nutation.store.engine import Store, open_engine
from nutation.store.ledger import ConflictError, Draft, Entry

__all__ = ["ConflictError", "Draft", "Entry", "Store", "open_engine"]
