"""FHIR R4 (4.0.1) in and out: resources as events, events as resources."""

from __future__ import annotations

from nutation.record.fhir.reading import read_bundle, read_ndjson, read_resources
from nutation.record.fhir.writing import write_bundle, write_resource

__all__ = ["read_bundle", "read_ndjson", "read_resources", "write_bundle", "write_resource"]
