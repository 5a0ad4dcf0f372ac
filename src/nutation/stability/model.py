"""One pelvis, meshed, held and loaded: asked for its response with any construct and any stiffness of the joint.

The same mesh, joints and ligaments also make the standing model (`standing_parts`): S1 held, the sockets pushed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import numpy as np

from nutation.anatomy.implants import Construct
from nutation.anatomy.pelvis import SACRUM, Pelvis
from nutation.anatomy.source import Side
from nutation.anatomy.space import Floats
from nutation.evidence import load
from nutation.record.errors import InputError
from nutation.stability.attach import attach
from nutation.stability.footprints import Ligament, find_ligaments
from nutation.stability.held import check_held
from nutation.stability.implants import Bed, Grip, Placed, elastic, place
from nutation.stability.interface import Interface, interface_of, joint_layer
from nutation.stability.loads import LoadAxes, Support, load_axes
from nutation.stability.mesh import Couplings, VoxelMesh
from nutation.stability.mesh_build import BuiltMesh, build_mesh
from nutation.stability.motion import joint_motion, resultant
from nutation.stability.regions import SIDES, Regions, find_regions
from nutation.stability.response import Response
from nutation.stability.solver import Solver
from nutation.stability.stance import HELD, stance_loads, stance_warnings
from nutation.stability.supports import support_of, unit_loads
from nutation.stability.symphysis import symphysis_layer

CARTILAGE = "si_cartilage_population"
"""The entry of the evidence whose cartilage is the base: of the published ones, that with which the intact joints of
the calibration pelvises move as measured (docs/explanation/stability.md)."""

TOLERANCE = 1e-6
"""Relative residual to which every solution is driven."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model is put together from, all on one mesh. Matrices are CSR over the mesh's unknowns, in N/mm.

    `fixed`: the support and the pubic disc together, `front` the disc alone. `unit_loads` (unknowns, u) as the columns
    of a `Response`.
    """

    pelvis: Pelvis
    built: BuiltMesh
    regions: Regions
    axes: LoadAxes
    joints: Mapping[Side, Interface]
    fixed: Any
    front: Any
    ligaments: tuple[Ligament, ...]
    unit_loads: Floats
    pulls: Floats
    motions: Mapping[Side, Any]
    warnings: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def mesh(self) -> VoxelMesh:
        """The mesh."""
        return self.built.mesh


def parts_of(
    pelvis: Pelvis, *, spacing_mm: float = 2.0, support: Support = "ischia", most_bytes: float | None = None
) -> Parts:
    """Mesh, joints, ligaments, loads and support of one pelvis.

    Raises InputError where the model cannot stand: a bone in pieces, a body that nothing holds, no endplate to load,
    a support that the image does not show, too little memory.
    """
    axes, regions = load_axes(pelvis), find_regions(pelvis)
    built = build_mesh(pelvis, spacing_mm, most_bytes=most_bytes)
    mesh = built.mesh
    warnings = [*built.warnings]
    joints: dict[Side, Interface] = {}
    for side in SIDES:
        layer = joint_layer(pelvis.joints[side], cartilage=CARTILAGE)
        joints[side] = interface_of(mesh, layer)
        warnings += layer.warnings
    evidence = [*built.evidence, *joints["left"].layer.evidence]
    fixed = support_of(mesh, pelvis, regions, support).matrix
    disc, said = symphysis_layer(pelvis)
    front = 0 * fixed if disc is None else interface_of(mesh, disc).matrix
    fixed = fixed + front
    if disc is not None:
        evidence += disc.evidence
    loads = unit_loads(mesh, regions, axes)
    check_held(mesh, fixed + joints["left"].matrix + joints["right"].matrix, loads)
    ligaments, left_out = _ligaments(pelvis)
    pulls = np.stack([pull(mesh, one) for one in ligaments], axis=1) if ligaments else np.zeros((mesh.unknowns, 0))
    return Parts(
        pelvis=pelvis,
        built=built,
        regions=regions,
        axes=axes,
        joints=joints,
        fixed=fixed.tocsr(),
        front=front.tocsr(),
        ligaments=ligaments,
        unit_loads=loads,
        pulls=pulls,
        motions={side: joint_motion(mesh, pelvis.joints[side]) for side in SIDES},
        warnings=tuple(dict.fromkeys((*warnings, *said, *left_out))),
        evidence=tuple(dict.fromkeys(evidence)),
    )


def standing_parts(parts: Parts) -> Parts:
    """The same bones with S1 held, pushed upwards at each hip socket that the image shows (see `stance`).

    Raises InputError where the image shows no socket, or where nothing holds a body.
    """
    mesh, pelvis, regions = parts.mesh, parts.pelvis, parts.regions
    loads = stance_loads(mesh, regions)
    fixed = (support_of(mesh, pelvis, regions, HELD).matrix + parts.front).tocsr()
    check_held(mesh, fixed + parts.joints["left"].matrix + parts.joints["right"].matrix, loads)
    return replace(parts, fixed=fixed, unit_loads=loads, warnings=stance_warnings(regions))


class Model:
    """Asks the parts: every response is one solution for the unit loads and the unit pulls of the ligaments.

    What was built for the bones is kept from one response to the next; only what couples them changes. `of`: a model of
    the same mesh, held or loaded otherwise, with which that is shared.
    """

    tolerance = TOLERANCE
    """Relative residual to which every solution is driven; a model that asks for an order alone may take a larger."""

    def __init__(self, parts: Parts, *, of: Model | None = None) -> None:
        self.parts = parts
        self._bed = Bed(parts.pelvis, parts.mesh) if of is None else of._bed
        self._solver: Solver | None = None
        self._of = of
        self._standing: Self | None = None

    def standing(self) -> Self:
        """The standing model of the same bones, made when it is first asked for. Raises as `standing_parts` does."""
        if self._standing is None:
            self._standing = type(self)(standing_parts(self.parts), of=self)
        return self._standing

    def place(self, construct: Construct, along_share: float | None = None) -> Placed:
        """The construct's implants in the mesh, held along their axis by a share of across (left out: the evidence's).

        Raises InputError for an implant that holds nothing.
        """
        hold = load().entry("implant_grip")
        grip = Grip(hold.number("bed_mm"), hold.number("along_share") if along_share is None else along_share)
        joint = self.parts.pelvis.joints[construct.side]
        return place(self._bed, construct.side, joint, construct.implants, grip, elastic())

    def response(
        self,
        construct: Construct | None = None,
        *,
        normal: float = 1.0,
        shear: float = 1.0,
        along_share: float | None = None,
    ) -> Response:
        """The response with a construct, or intact, with the joints' stiffness times `normal` across and `shear` along.

        Raises InputError where the solution did not converge.
        """
        parts, placed = self.parts, None if construct is None else self.place(construct, along_share)
        extra = 0 if placed is None else placed.extra
        total = parts.mesh.unknowns + 3 * extra
        soft = parts.fixed
        for joint in parts.joints.values():
            soft = soft + normal * joint.across + shear * joint.along
        matrix = _widened(soft, total)
        if placed is not None:
            matrix = (matrix + placed.matrix).tocsr()
        built = self._solver or (None if self._of is None else self._of._solver)
        solver = Solver(parts.mesh, Couplings(matrix, extra), reuse=built)
        if self._solver is None:
            self._solver = built or solver
        loads = np.concatenate([parts.unit_loads, -parts.pulls], axis=1)
        padded = np.concatenate([loads, np.zeros((3 * extra, loads.shape[1]))])
        solution = solver.solve(padded, tolerance=self.tolerance)
        if not solution.converged:
            raise InputError(
                f"the equations did not converge: {float(np.max(solution.residuals)):.1e} left after "
                f"{solution.iterations} iterations",
                mend="ask for another resolution; if that does not help, report it with the input",
            )
        moved = solution.displacements
        bone = moved[: parts.mesh.unknowns]
        return Response(
            ligaments=tuple((one.side, one.name) for one in parts.ligaments),
            # Not by `@`: the threads of BLAS wait for those of the solver, up to a second for a product of 10 ms.
            elongation_mm=np.einsum("um,ur->mr", parts.pulls, bone),
            motion={side: np.asarray(fit @ bone) for side, fit in parts.motions.items()},
            carried=np.zeros((0, 6, loads.shape[1])) if placed is None else placed.carried(moved),
            through={
                side: _through(parts, side, normal * joint.across + shear * joint.along, bone)
                for side, joint in parts.joints.items()
            },
            fields=bone.astype(np.float32),
            iterations=solution.iterations,
            residual=float(np.max(solution.residuals)),
            seconds=solution.seconds,
            backend=solution.backend,
            warnings=solution.warnings,
        )


def pull(mesh: VoxelMesh, ligament: Ligament) -> Floats:
    """The vector (unknowns,) whose product with displacements is the ligament's elongation in mm.

    It is also the load of 1 N that draws the two footprints apart.
    """
    drawn = np.zeros((len(mesh.nodes), 3))
    for foot, sign in ((ligament.insertion, 1.0), (ligament.origin, -1.0)):
        weights = attach(mesh, foot.bone, foot.points_mm).weights
        share = np.asarray(weights.T @ (foot.weights_mm2 / foot.area_mm2), dtype=np.float64)
        drawn += sign * share[:, None] * ligament.direction
    return drawn.ravel()


def _ligaments(pelvis: Pelvis) -> tuple[tuple[Ligament, ...], list[str]]:
    """The ligaments of both sides that join bones of the model, and what has to be said."""
    found: list[Ligament] = []
    said: list[str] = []
    for side in SIDES:
        ligaments = find_ligaments(pelvis, side, stand_ins=True)
        said += ligaments.warnings
        for ligament in ligaments.found.values():
            if ligament.origin.bone == SACRUM:
                found.append(ligament)
            else:
                said.append(f"The iliolumbar ligament of the {side} side is left out: the model ends at S1.")
    return tuple(found), said


def _through(parts: Parts, side: Side, joint: Any, moved: Floats) -> Floats:
    """Force and moment, (6, r), that the sacrum puts on the ilium through the joint's own springs."""
    force = np.asarray(joint @ moved)
    return np.asarray(resultant(parts.mesh, SACRUM, parts.pelvis.joints[side].centre_mm) @ force)


def _widened(matrix: Any, total: int) -> Any:
    from scipy import sparse

    plain = matrix.tocoo()
    return cast("Any", sparse).csr_matrix((plain.data, (plain.row, plain.col)), shape=(total, total))
