"""A large bundle streams: memory stays bounded whatever the size, and what matters in it is still found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from record.fhir_made import LEFT, SCT, code, pain, patient

LIMIT_MB = 600
MEGABYTES = 100

# The highest mark of resident memory is read from /proc where there is one: what getrusage tells on Linux
# outlives exec and is that of the test's own process.
_READ = """
import json, pathlib, re, resource, sys
from nutation.record.fhir import read_bundle
record = read_bundle(sys.argv[1])
status = pathlib.Path("/proc/self/status")
if status.exists():
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) // 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 << 20)
print(json.dumps({"kinds": [event.kind for event in record.events], "peak": peak, "unmapped": len(record.unmapped)}))
"""


def heart_rate(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"v{number}",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        "effectiveDateTime": "2025-07-02",
        "valueQuantity": {"value": 60 + number % 40, "unit": "beats/minute"},
        "note": [{"text": "measured at rest, seated, left arm " * 60}],
    }


def binary(number: int) -> dict[str, Any]:
    return {"resourceType": "Binary", "id": f"b{number}", "contentType": "application/pdf", "data": "QUJD" * 12_000_000}


@pytest.mark.slow
@pytest.mark.parametrize("make", [heart_rate, binary])
def test_a_hundred_megabytes_of_irrelevant_resources(tmp_path: Path, make: Callable[[int], dict[str, Any]]):
    file = tmp_path / "large.json"
    size, number = 0, 0
    with file.open("w") as opened:
        opened.write('{"resourceType": "Bundle", "type": "collection", "entry": [')
        opened.write(json.dumps({"resource": patient()}))
        while size < MEGABYTES * 1_000_000:
            text = json.dumps({"fullUrl": f"http://h/{number}", "resource": make(number)})
            size, number = size + opened.write(", " + text), number + 1
        opened.write(", " + json.dumps({"resource": pain("x", 7, bodySite=code(SCT, LEFT))}) + "]}")
    done = subprocess.run([sys.executable, "-c", _READ, str(file)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["kinds"] == ["person", "pain_score"]
    assert answer["peak"] < LIMIT_MB
    assert answer["unmapped"] <= 1  # the same code many times is one line


def test_a_large_bundle_that_breaks_off_says_where(tmp_path: Path):
    from nutation.record.errors import InputError
    from nutation.record.fhir import read_bundle

    file = tmp_path / "large.json"
    entries = ",\n".join(json.dumps({"resource": heart_rate(number)}) for number in range(4500))
    text = (
        '{"resourceType": "Bundle", "type": "collection", "entry": ['
        + json.dumps({"resource": patient()})
        + ",\n"
        + entries
    )
    file.write_text(text)
    assert file.stat().st_size > 8_000_000
    with pytest.raises(InputError) as caught:
        read_bundle(file)
    assert f"breaks off at byte {len(text)}" in str(caught.value)
    assert "line 4501" in str(caught.value)
    file.write_text(text + ", oops]}")
    with pytest.raises(InputError, match="is not JSON"):
        read_bundle(file)
