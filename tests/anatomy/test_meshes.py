"""Reading bones from surfaces: defects that leave the inside defined are mended, all others are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from anatomy.bones_made import dice, write_surfaces
from nutation.anatomy.mesh_read import read_surface
from nutation.anatomy.meshes import MeshShapes, read_meshes
from nutation.anatomy.pelvis import LEFT_HIP, RIGHT_HIP, SACRUM
from nutation.anatomy.phantom import Phantom, phantom
from nutation.anatomy.space import Floats, Grid
from nutation.record.errors import InputError

Meshes = dict[int, tuple[Floats, NDArray[np.int64]]]


@pytest.fixture(scope="module")
def whole() -> Phantom:
    return phantom()


@pytest.fixture(scope="module")
def meshes(whole: Phantom) -> Meshes:
    """The phantom's surfaces with triangles of about 3 mm."""
    return whole.meshes(3.0)


def read(folder: Path, meshes: Meshes, **changes: Any) -> MeshShapes:
    paths = write_surfaces(folder, meshes, **changes)
    return read_meshes(paths[SACRUM], paths[LEFT_HIP], paths[RIGHT_HIP])


def moved(meshes: Meshes, code: int, move: Callable[[Floats], Floats]) -> Meshes:
    vertices, faces = meshes[code]
    return meshes | {code: (move(vertices), faces)}


@pytest.mark.parametrize("kind", ["stl", "obj"])
def test_surfaces_are_read(tmp_path: Path, whole: Phantom, meshes: Meshes, kind: str) -> None:
    shapes = read(tmp_path, meshes, kind=kind)
    assert shapes.source.orientation == "unverified"
    assert not shapes.source.warnings
    assert shapes.codes() == {SACRUM, LEFT_HIP, RIGHT_HIP}
    assert 1.0 < shapes.finest_mm < 4.0
    for code, (vertices, faces) in meshes.items():
        if code in shapes.surfaces:
            expected = trimesh.Trimesh(vertices, faces).volume / 1000
            assert shapes.surfaces[code].volume_ml == pytest.approx(expected, rel=1e-3)


def test_voxels_on_a_turned_grid(tmp_path: Path, whole: Phantom, meshes: Meshes) -> None:
    """Against the phantom's own formulas on the same grid; triangles of 3 mm cost a share of its skin."""
    shapes = read(tmp_path, meshes)
    angle = np.radians(25.0)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    grid = Grid((60, 50, 60), np.full(3, 2.0), whole.pose.to_lps(np.array([-30.0, -70.0, -70.0])), turn)
    truth, found = whole.shapes.sampled(grid), shapes.sampled(grid)
    for code in (SACRUM, LEFT_HIP):
        assert (truth == code).sum() > 3000
        assert dice(truth == code, found == code) > 0.95


def test_exchanged_hips_are_refused(tmp_path: Path, meshes: Meshes) -> None:
    swapped = meshes | {LEFT_HIP: meshes[RIGHT_HIP], RIGHT_HIP: meshes[LEFT_HIP]}
    with pytest.raises(InputError, match="left hip is the right one"):
        read(tmp_path, swapped)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirrored_surfaces_are_refused(tmp_path: Path, meshes: Meshes, axis: int) -> None:
    """A mirror turns the bone named left into one shaped like a right one, whichever axis it was."""
    mirror = np.ones(3)
    mirror[axis] = -1.0
    with pytest.raises(InputError, match="mirrored"):
        read(tmp_path, {code: (v * mirror, f) for code, (v, f) in meshes.items()})


def test_ras_coordinates_are_told(tmp_path: Path, meshes: Meshes) -> None:
    """RAS is LPS turned by half a circle about the body's axis: the pelvis is whole, only the coordinates differ."""
    turned = {code: (v * np.array([-1.0, -1.0, 1.0]), f) for code, (v, f) in meshes.items()}
    assert any("not those of DICOM" in text for text in read(tmp_path, turned).source.warnings)


@pytest.mark.parametrize(("factor", "unit"), [(0.001, "metres"), (0.1, "centimetres"), (1000.0, "micrometres")])
def test_other_units_are_named(tmp_path: Path, meshes: Meshes, factor: float, unit: str) -> None:
    with pytest.raises(InputError, match=unit):
        read(tmp_path, meshes, factor=factor)


@pytest.mark.parametrize(
    ("shift", "word"),
    [
        ((60.0, 0.0, 0.0), "off the middle"),
        ((0.0, 250.0, 0.0), "not of one coordinate system"),
        ((11.0, 0.0, 0.0), "overlap"),
    ],
)
def test_a_sacrum_of_another_frame(
    tmp_path: Path, meshes: Meshes, shift: tuple[float, float, float], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        read(tmp_path, moved(meshes, SACRUM, lambda v: v + np.array(shift)))


def test_one_surface_three_times(tmp_path: Path, meshes: Meshes) -> None:
    with pytest.raises(InputError):
        read(tmp_path, dict.fromkeys((SACRUM, LEFT_HIP, RIGHT_HIP), meshes[LEFT_HIP]))


# ---- defects of one surface


def surface_file(folder: Path, vertices: Floats, faces: NDArray[np.int64]) -> Path:
    path = folder / "bone.ply"
    trimesh.Trimesh(vertices, faces, process=False).export(path)
    return path


def test_small_defects_are_mended(tmp_path: Path, meshes: Meshes) -> None:
    """Doubled faces, a missing face, a fin, a stray triangle, faces wound both ways: the volume stays what it was."""
    vertices, faces = meshes[SACRUM]
    expected = trimesh.Trimesh(vertices, faces).volume / 1000
    far = len(vertices)
    tip = vertices[faces[50][0]] + np.array([0.0, 0.0, 4.0])
    more = np.vstack([vertices, tip, vertices[:3] + 500.0])
    fin = [faces[50][0], faces[50][1], far]
    stray = [far + 1, far + 2, far + 3]
    spoiled = np.vstack([faces[1:], faces[200:300], [fin], [stray]])
    spoiled[1000:2000] = spoiled[1000:2000, ::-1]
    surface = read_surface(surface_file(tmp_path, more, spoiled))
    assert surface.volume_ml == pytest.approx(expected, rel=2e-3)
    # The missing face leaves three open edges; so does the fin, one of them shared with two faces of the bone.
    assert any("6 open edges" in text and "1 edges with more than two faces" in text for text in surface.warnings)


def test_a_surface_with_triangles_missing_everywhere_is_refused(tmp_path: Path, meshes: Meshes) -> None:
    """A tenth of the triangles gone at random: no hole is large, and no wall is whole."""
    vertices, faces = meshes[SACRUM]
    kept = np.random.default_rng(0).random(len(faces)) > 0.1
    with pytest.raises(InputError, match="edges are open"):
        read_surface(surface_file(tmp_path, vertices, faces[kept]))
    # One in a hundred is closed and told.
    kept = np.random.default_rng(0).random(len(faces)) > 0.01
    assert any(
        "open edges (closed)" in text for text in read_surface(surface_file(tmp_path, vertices, faces[kept])).warnings
    )


def test_a_surface_turned_inside_out(tmp_path: Path, meshes: Meshes) -> None:
    vertices, faces = meshes[SACRUM]
    surface = read_surface(surface_file(tmp_path, vertices, faces[:, ::-1]))
    assert surface.volume_ml == pytest.approx(trimesh.Trimesh(vertices, faces).volume / 1000, rel=1e-3)


def test_marrow_spaces_are_filled(tmp_path: Path, meshes: Meshes) -> None:
    """A segmentation that leaves out marrow gives a second surface within: it is bone all the same."""
    vertices, faces = meshes[SACRUM]
    middle = vertices.mean(axis=0) + np.array([0.0, -14.0, 12.0])
    hollow = trimesh.creation.icosphere(radius=4.0)
    both = np.vstack([vertices, hollow.vertices + middle])
    surface = read_surface(surface_file(tmp_path, both, np.vstack([faces, hollow.faces[:, ::-1] + len(vertices)])))
    assert surface.volume_ml == pytest.approx(trimesh.Trimesh(vertices, faces).volume / 1000, rel=1e-3)


def test_a_cut_surface_is_refused_with_the_place(tmp_path: Path, meshes: Meshes) -> None:
    """The sacrum without the faces below a height: open across its whole section."""
    vertices, faces = meshes[SACRUM]
    height = float(np.median(vertices[:, 2]))
    kept = faces[(vertices[faces][:, :, 2] > height).all(axis=1)]
    with pytest.raises(InputError, match="the surface is open") as caught:
        read_surface(surface_file(tmp_path, vertices, kept), "sacrum")
    assert caught.value.file == "bone.ply (sacrum)"
    z = float(caught.value.place.split(",")[-1].split(")")[0])
    assert z == pytest.approx(height, abs=4.0)


def test_a_surface_that_crosses_itself_is_refused(tmp_path: Path, meshes: Meshes) -> None:
    """A sacrum whose lower half is pushed through its upper one: closed, but with no defined inside."""
    vertices, faces = meshes[SACRUM]
    height = float(np.median(vertices[:, 2]))
    folded = vertices.copy()
    folded[:, 2] = np.where(folded[:, 2] < height, 2 * height - folded[:, 2], folded[:, 2])
    with pytest.raises(InputError):
        read(tmp_path, meshes | {SACRUM: (folded, faces)})


def test_files_that_are_no_surface(tmp_path: Path) -> None:
    for name in ("absent.stl", "table.csv"):
        with pytest.raises(InputError):
            read_surface(tmp_path / name)
    for kind in ("stl", "ply", "obj", "vtp", "vtk"):
        (tmp_path / f"text.{kind}").write_text("no triangles here")
        with pytest.raises(InputError, match=f"text.{kind}"):
            read_surface(tmp_path / f"text.{kind}")


# ---- real surfaces


@pytest.mark.parametrize("case", [4, 13])
def test_atlas_surfaces(data_dir: Path, case: int) -> None:
    """The atlas's surfaces are not closed in the strict sense: they are mended, and it is said.

    Volumes by the divergence theorem as an independent reader gives them within a per cent.
    """
    paths = [data_dir / "atlas" / bone / f"{case}.vtp" for bone in ("sacrum", "left", "right")]
    shapes = read_meshes(*paths)
    warnings = shapes.source.warnings
    assert any("(sacrum): the surface is not clean" in text for text in warnings)
    assert any("was closed; look there" in text for text in warnings)
    low, high = shapes.bounds()
    size = [int(n) for n in np.ceil((high - low) / 2.0) + 3]
    grid = Grid((size[0], size[1], size[2]), np.full(3, 2.0), low - 2.0, np.eye(3))
    labels = shapes.sampled(grid)
    for code, surface in shapes.surfaces.items():
        assert (labels == code).sum() * 0.008 == pytest.approx(surface.volume_ml, rel=0.01)
    assert np.all(shapes.surface(LEFT_HIP)[:, 0].mean() > shapes.surface(RIGHT_HIP)[:, 0].mean())


def test_atlas_hips_exchanged(data_dir: Path) -> None:
    sacrum, right, left = (data_dir / "atlas" / bone / "13.vtp" for bone in ("sacrum", "right", "left"))
    with pytest.raises(InputError, match="left hip is the right one"):
        read_meshes(sacrum, right, left)


def test_atlas_bones_of_two_patients(data_dir: Path) -> None:
    """The sacrum of case 3 lies 300 mm from the hips of case 13, in the scanner's coordinates."""
    folder = data_dir / "atlas"
    with pytest.raises(InputError, match="coordinate system"):
        read_meshes(folder / "sacrum" / "3.vtp", folder / "left" / "13.vtp", folder / "right" / "13.vtp")
