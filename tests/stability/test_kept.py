"""What a kept model solves, keeps and lets go of; a stand-in in place of the solver counts."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from nutation.anatomy.implants import Construct
from nutation.stability.kept import KeptModel
from nutation.stability.model import Model
from nutation.stability.response import Response

FIRST, SECOND = (Construct("left", name, ()) for name in ("first", "second"))


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []

    def response(_: Model, construct: Construct | None = None, **stiffness: Any) -> Response:
        asked.append((construct, stiffness))
        small = np.full((6, 6), float(len(asked)))
        return Response(
            (), np.zeros((0, 6)), {"left": small}, np.zeros((0, 6, 6)), {"left": small},
            np.full((9, 6), len(asked), dtype=np.float32), 1, 1e-7, 0.0,
        )  # fmt: skip

    monkeypatch.setattr(Model, "response", response)
    monkeypatch.setattr(Model, "__init__", lambda self, parts, **_: None)
    return asked


def test_the_intact_joint_is_solved_once_for_both_sides(solved: list[Any]) -> None:
    model = KeptModel(cast("Any", None))
    first = model.response(None, normal=1.0, shear=1.0, along_share=0.01)
    softer = model.response(None, normal=1.0, shear=0.5, along_share=0.01)
    assert len(solved) == 2
    # An intact joint has no implants to grip.
    assert model.response(None, normal=1.0, shear=1.0, along_share=1.0) is first
    assert model.response(None, normal=1.0, shear=0.5) is softer
    assert len(solved) == 2


def test_displacements_are_kept_of_the_first_response_alone(solved: list[Any]) -> None:
    model = KeptModel(cast("Any", None))
    for construct in (None, FIRST, SECOND):
        base, swept = (model.response(construct, shear=shear) for shear in (1.0, 0.5))
        assert base.fields.shape == (9, 6)
        assert swept.fields.shape == (0, 6)
        assert not np.array_equal(swept.motion["left"], base.motion["left"]), "small arrays stay"
        assert model.first(construct) is base
    assert len(solved) == 6
    assert model.first(Construct("left", "first", ())) is None, "another construct, though it looks alike"


def test_the_standing_model_keeps_what_files_show(solved: list[Any]) -> None:
    model = KeptModel(cast("Any", None), of=KeptModel(cast("Any", None)))
    sizes = [model.response(construct).fields.shape[0] for construct in (None, FIRST, SECOND)]
    assert sizes == [9, 9, 0], "the intact joint and the first construct"
    assert len(solved) == 3
