"""Sizes of implants: from the evidence with what is unverified of them, from a user's file with its faults named."""

from __future__ import annotations

from pathlib import Path

import pytest

from nutation.planning.catalogue import packaged_catalogue, read_catalogue
from nutation.record.errors import InputError


def test_triangular_implants_as_published() -> None:
    """The summary gives 30 to 70 mm and 4 to 7 mm; the steps of 5 mm are marked, and the plan says so."""
    catalogue = packaged_catalogue()
    lateral = catalogue.for_approach("lateral")
    assert [size.length_mm for size in lateral] == [30, 35, 40, 45, 50, 55, 60, 65, 70]
    assert {(size.section, size.diameter_mm, size.system) for size in lateral} == {("triangle", 7.0, "iFuse")}
    (caution,) = catalogue.cautions_for(lateral)
    assert "lengths between" in caution
    assert "diameter" in caution


def test_every_approach_has_sizes_and_unseen_ones_say_so() -> None:
    catalogue = packaged_catalogue()
    for approach in ("lateral", "inline", "posterior", "s2ai", "transsacral"):
        sizes = catalogue.for_approach(approach)
        assert len({(size.section, size.diameter_mm) for size in sizes}) == 1
    for system in ("posterior allograft", "cage", "Rialto"):
        (caution,) = catalogue.cautions_for(catalogue.of_system(system))
        assert "unverified" in caution
    assert catalogue.of_system("iFuse TORQ")[0].pin_diameter_mm == 3.2
    grafts = {size.system for size in catalogue.sizes if size.material == "bone"}
    assert grafts == {"posterior allograft"}


def test_ids_are_unique_and_unknown_ones_name_the_nearest() -> None:
    catalogue = packaged_catalogue()
    assert len({size.id for size in catalogue.sizes}) == len(catalogue.sizes)
    assert catalogue.size("ifuse-7x45").length_mm == 45
    with pytest.raises(InputError, match="no implant has the id"):
        catalogue.size("ifuse-9x45")
    with pytest.raises(InputError, match="no 'Bolt'"):
        catalogue.of_system("Bolt")


def test_yaml_with_several_lengths(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(
        "sizes:\n"
        "  - {system: Ours, section: circle, diameter_mm: 8, lengths_mm: [30, 40], approaches: [lateral], "
        "default_for: lateral}\n"
    )
    catalogue = read_catalogue(file)
    assert [size.id for size in catalogue.for_approach("lateral")] == ["ours-8x30", "ours-8x40"]
    assert "user's own" in catalogue.cautions_for(catalogue.sizes)[0]


def test_csv_with_semicolons(tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_text("id;system;section;diameter_mm;length_mm;cannulated;material\nA1;Ours;triangle;7;45;no;bone\n")
    (size,) = read_catalogue(file).sizes
    assert (size.id, size.section, size.length_mm, size.cannulated) == ("A1", "triangle", 45.0, False)
    assert size.material == "bone"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("A2,,triangle,7,45", "no system"),
        ("A2,Ours,star,7,45", "section 'star'"),
        ("A2,Ours,triangle,seven,45", "no number"),
        ("A2,Ours,triangle,0.7,45", "outside 2 to 30"),
        ("A2,Ours,triangle,7,4.5", "outside 10 to 200"),
        ("A1,Ours,triangle,7,45", "stands twice"),
        ("A2,Ours,triangle,7,", "no length_mm"),
    ],
)
def test_faults_of_a_csv_name_the_line(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(f"id,system,section,diameter_mm,length_mm\nA1,Ours,triangle,7,40\n{line}\n")
    with pytest.raises(InputError, match=problem) as found:
        read_catalogue(file)
    assert found.value.place == "line 3"
    assert found.value.mend


def test_faults_of_a_yaml_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("sizes:\n  - {system: Ours, section: circle, diameter_mm: 8, length_mm: 30}\n  - {sistem: Ours}\n")
    with pytest.raises(InputError, match="'sistem' is not known") as found:
        read_catalogue(file)
    assert found.value.place == "line 3"
    file.write_text("implants: []\n")
    with pytest.raises(InputError, match="no list of sizes"):
        read_catalogue(file)
    with pytest.raises(InputError, match="no such file"):
        read_catalogue(tmp_path / "none.yaml")
