"""The mesh of a pelvis: the contract's order and numbering, volumes, pieces, holes, mirror image, memory."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM, Pelvis
from nutation.record.errors import InputError
from nutation.stability import memory
from nutation.stability.memory import foretell
from nutation.stability.mesh import CORNERS, VoxelMesh
from nutation.stability.mesh_build import BONES, BuiltMesh, build_mesh
from stability.blocks_made import ball, box, made_pelvis
from stability.pelvises_made import atlas_pelvis, mirrored, phantom_pelvis, without

LOW, HIGH = (-24, -24, -24), (24, 24, 24)


def built(*shapes: object, spacing_mm: float = 2.0) -> BuiltMesh:
    """The mesh of one bone that is made of several shapes."""
    pelvis = made_pelvis({SACRUM: lambda places: np.any([shape(places) for shape in shapes], axis=0)}, LOW, HIGH)  # type: ignore[operator]
    return build_mesh(pelvis, spacing_mm, bones=(SACRUM,))


def check_contract(mesh: VoxelMesh) -> None:
    corners = mesh.cells[:, None, :] + CORNERS[None]
    assert (mesh.nodes[mesh.elements] == corners).all()
    assert (mesh.node_body[mesh.elements] == mesh.element_body[:, None]).all()
    assert (np.diff(mesh.nodes[:, 0]) >= 0).all()
    assert (np.diff(mesh.cells[:, 0]) >= 0).all()
    assert len(np.unique(np.column_stack([mesh.nodes, mesh.node_body]), axis=0)) == len(mesh.nodes)
    assert len(np.unique(np.column_stack([mesh.cells, mesh.element_body]), axis=0)) == len(mesh.cells)
    assert len(np.unique(mesh.elements)) == len(mesh.nodes), "every node belongs to a cube"
    assert mesh.nodes.min() >= 0
    assert mesh.modulus_mpa.min() > 0
    assert (mesh.nodes.dtype, mesh.elements.dtype, mesh.cells.dtype) == (np.int32,) * 3
    assert (mesh.node_body.dtype, mesh.element_body.dtype) == (np.uint8,) * 2


@pytest.mark.parametrize("spacing_mm", [4.0, 2.0, 1.5])
def test_the_phantoms_mesh_keeps_the_contract(spacing_mm: float) -> None:
    found = build_mesh(phantom_pelvis(), spacing_mm)
    check_contract(found.mesh)
    assert set(found.mesh.node_body) == set(BONES)
    assert found.warnings == ()


@pytest.mark.parametrize(("spacing_mm", "lost"), [(2.0, 0.02), (1.0, 0.011)])
@pytest.mark.slow
def test_every_bone_of_a_real_pelvis_keeps_its_volume_and_stiffness(
    data_dir: Path, spacing_mm: float, lost: float
) -> None:
    pelvis = atlas_pelvis(data_dir, "3", 1.0)
    found = build_mesh(pelvis, spacing_mm)
    for code in BONES:
        labelled = float((pelvis.labels == code).sum())
        assert found.bone_mm3[code] == pytest.approx(labelled, rel=0.005)
        assert 1 - lost < found.volumes_mm3[code] / labelled < 1.0
    # What small cells would have carried is handed on: the sum of moduli is that of the finest mesh.
    assert found.mesh.modulus_mpa.sum() * spacing_mm**3 == pytest.approx(stiffness(pelvis), rel=0.003)


def test_crumbs_that_the_grid_makes_are_not_told() -> None:
    assert built(box((-20, -8, -8), (4, 8, 8)), ball((14, 0, 0), 2.0)).warnings == ()


def stiffness(pelvis: Pelvis) -> float:
    mesh = build_mesh(pelvis, 2.0).mesh
    return float(mesh.modulus_mpa.sum()) * mesh.spacing_mm**3


def test_two_bones_may_both_have_a_cube_in_one_place() -> None:
    # A gap of 1 mm between two blocks in cubes of 4 mm: neither loses its share.
    bones = {SACRUM: box((-20, -8, -8), (-2.5, 8, 8)), LEFT_HIP: box((-1.5, -8, -8), (20, 8, 8))}
    found = build_mesh(made_pelvis(bones, LOW, HIGH), 4.0, bones=(SACRUM, LEFT_HIP))
    check_contract(found.mesh)
    mine, other = (set(map(tuple, found.mesh.cells[found.mesh.element_body == code])) for code in (SACRUM, LEFT_HIP))
    assert len(mine & other) >= 12
    assert found.volumes_mm3[SACRUM] == pytest.approx(17 * 15 * 15, rel=0.06)


def test_a_mirrored_pelvis_has_the_mirrored_mesh() -> None:
    pelvis = phantom_pelvis()
    one, other = build_mesh(pelvis, 3.0).mesh, build_mesh(mirrored(pelvis), 3.0).mesh
    swap = np.zeros(8, np.uint8)
    swap[[SACRUM, LEFT_HIP, RIGHT_HIP]] = SACRUM, RIGHT_HIP, LEFT_HIP

    def keyed(mesh: VoxelMesh, sign: int, bodies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        middles = np.round((mesh.low_mm + (mesh.cells + 0.5) * mesh.spacing_mm) * [sign, 1, 1], 3)
        table = np.column_stack([bodies, middles])
        order = np.lexsort(table.T)
        return table[order], mesh.modulus_mpa[order]

    first, second = keyed(one, -1, swap[one.element_body]), keyed(other, 1, other.element_body)
    assert (first[0] == second[0]).all()
    assert first[1] == pytest.approx(second[1], rel=1e-4)


def test_a_bone_in_two_pieces_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="the sacrum falls into 2 pieces"):
        built(box((-20, -8, -8), (-4, 8, 8)), box((4, -8, -8), (20, 8, 8)))


def test_crumbs_are_left_out_and_told() -> None:
    found = built(box((-20, -8, -8), (4, 8, 8)), ball((14, 0, 0), 5.0), ball((14, 18, 0), 2.0))
    assert len(found.warnings) == 1
    # 0.52 and 0.03 ml, less their thin rims
    assert re.search(r"2 loose pieces of the sacrum, 0\.[45]\d ml together", found.warnings[0])
    assert (found.mesh.places_mm[:, 0] < 8).all()


def test_pieces_that_meet_at_an_edge_are_two() -> None:
    # Along an edge cubes would share nodes and hinge; only faces hold.
    with pytest.raises(InputError, match="falls into 2 pieces"):
        built(box((-16.1, -16.1, -8), (0, 0, 8)), box((0, 0, -8), (16.1, 16.1, 8)), spacing_mm=4.0)


def test_a_tunnel_is_fine_and_a_hollow_is_told() -> None:
    block, tunnel, hollow = box((-16, -16, -16), (16, 16, 16)), box((-4, -4, -40), (4, 4, 40)), ball((4, 0, 0), 7.0)
    for cut, told in ((tunnel, 0), (hollow, 1)):
        pelvis = made_pelvis({SACRUM: lambda places, cut=cut: block(places) & ~cut(places)}, LOW, HIGH)
        warnings = build_mesh(pelvis, 2.0, bones=(SACRUM,)).warnings
        assert len(warnings) == told
    # 1.44 ml, less its thin rim
    assert re.search(r"hollow of 1\.[1-4] ml around \(4, -?0, -?0\) mm", warnings[0])


def test_a_missing_bone_is_refused() -> None:
    with pytest.raises(InputError, match="not in the image"):
        build_mesh(without(phantom_pelvis(), RIGHT_HIP), 4.0)


@pytest.mark.parametrize("spacing_mm", [4.0, 2.0, 1.5])
def test_the_size_is_foretold(spacing_mm: float) -> None:
    mesh = build_mesh(phantom_pelvis(), spacing_mm).mesh
    told = foretell(phantom_pelvis(), spacing_mm)
    assert told.unknowns == pytest.approx(mesh.unknowns, rel=0.1)
    assert told.cells == pytest.approx(len(mesh.cells), rel=0.1)


def test_what_does_not_fit_is_refused_with_the_resolution_that_does() -> None:
    pelvis = phantom_pelvis()
    enough = foretell(pelvis, 2.0, most_bytes=1e12).bytes
    with pytest.raises(InputError) as told:
        build_mesh(pelvis, 1.0, most_bytes=enough)
    assert "million unknowns" in str(told.value)
    assert "ask for 2 mm, which fits" in str(told.value)
    with pytest.raises(InputError, match="no resolution fits"):
        build_mesh(pelvis, 2.0, most_bytes=1e6)
    build_mesh(pelvis, 4.0, most_bytes=enough)


def test_resolutions_of_no_use_are_refused_before_anything_is_allocated() -> None:
    with pytest.raises(InputError, match=r"ask for 0\.5 to 4 mm"):
        foretell(phantom_pelvis(), 0.1)


def test_free_memory_is_read_where_the_system_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.free_bytes() > 1e8
    monkeypatch.setattr(memory, "_kernel_free", lambda: 4e9)
    monkeypatch.setattr(memory, "_group_free", lambda: 3e9)
    assert memory.free_bytes() == 3e9
    monkeypatch.setattr(memory, "_kernel_free", lambda: None)
    monkeypatch.setattr(memory, "_group_free", lambda: None)
    assert memory.free_bytes() == float("inf")


def test_a_finer_image_of_the_same_bone_gives_the_same_mesh_in_all_but_rounding() -> None:
    one = made_pelvis({SACRUM: ball((0.3, 0.2, 0.1), 15.0)}, LOW, HIGH, 1.0)
    fine = made_pelvis({SACRUM: ball((0.3, 0.2, 0.1), 15.0)}, LOW, HIGH, 0.75)
    first, second = (build_mesh(each, 3.0, bones=(SACRUM,)) for each in (one, fine))
    assert first.volumes_mm3[SACRUM] == pytest.approx(second.volumes_mm3[SACRUM], rel=0.005)
