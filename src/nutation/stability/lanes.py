"""Eight right sides as one value of compiled code: what the loops over nodes compute with.

The compiler does not reliably turn an inner loop over eight right sides into vector instructions when nodes are read
and written by number, since it has to assume that they overlap. `Eight` is a type of Numba that *is* the vector: it is
read and written whole, added, subtracted and scaled. On any processor LLVM cuts it into registers of the width there
is.
"""

from __future__ import annotations

import operator
import os
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import extending as nb_extending
from numba import types as nb_types

types = cast("Any", nb_types)
extending = cast("Any", nb_extending)
intrinsic = extending.intrinsic
llvm = cast("Any", ir)

LANES = 8
"""Right sides in one value: one register of AVX-512 or two of AVX in single precision; six unit loads fit."""

# Threads that wait by spinning take the cores from those that work as soon as there is any other load. OpenMP reads
# this when the first parallel loop runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_INTEGER = llvm.IntType(32)
_FLAGS = ("contract",)
# Products and sums may be fused, but not reordered: reordered butterflies of the cube need more registers.


class Eight(types.Type):
    """Eight numbers of type `lane`, side by side."""

    def __init__(self, lane: Any) -> None:
        self.lane = lane
        types.Type.__init__(self, name=f"Eight({lane})")


def _vector(lane: Any) -> Any:
    return llvm.VectorType(llvm.DoubleType() if lane == types.float64 else llvm.FloatType(), LANES)


class _EightModel(extending.models.PrimitiveModel):
    def __init__(self, manager: Any, eight: Any) -> None:
        extending.models.PrimitiveModel.__init__(self, manager, eight, _vector(eight.lane))


extending.register_model(Eight)(_EightModel)


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    first = builder.gep(data, [builder.mul(index, index.type(LANES))])
    return builder.bitcast(first, _vector(array_type.dtype).as_pointer())


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """The eight numbers in row `index` of a contiguous array (..., 8), counted over all leading axes."""

    def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        at = context.cast(builder, given[1], signature.args[1], types.intp)
        read = builder.load(_place(context, builder, signature.args[0], given[0], at))
        read.align = array.dtype.bitwidth // 8
        return read

    return Eight(array.dtype)(array, index), make


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write eight numbers into row `index` of a contiguous array (..., 8)."""
    if value.lane != array.dtype:
        return None

    def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        at = context.cast(builder, given[1], signature.args[1], types.intp)
        written = builder.store(given[2], _place(context, builder, signature.args[0], given[0], at))
        written.align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, index, value), make


@intrinsic
def narrow(typing: Any, value: Any) -> Any:
    """Double to single precision."""

    def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.fptrunc(given[0], _vector(types.float32))

    return (Eight(types.float32)(value), make) if value.lane == types.float64 else None


@intrinsic
def widen(typing: Any, value: Any) -> Any:
    """Single to double precision; double stays."""

    def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.fpext(given[0], _vector(types.float64)) if value.lane == types.float32 else given[0]

    return Eight(types.float64)(value), make


@intrinsic
def nothing(typing: Any, array: Any) -> Any:
    """Eight zeros of an array's type."""

    def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return llvm.Constant(_vector(array.dtype), None)

    return Eight(array.dtype)(array), make


def _between(name: str) -> Any:
    @intrinsic
    def compute(typing: Any, a: Any, b: Any) -> Any:
        def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return getattr(builder, name)(given[0], given[1], flags=_FLAGS)

        return a(a, b), make

    return compute


_ADD, _SUBTRACT, _MULTIPLY = _between("fadd"), _between("fsub"), _between("fmul")


@intrinsic
def _scale(typing: Any, factor: Any, value: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        number = context.cast(builder, given[0], signature.args[0], value.lane)
        vector = _vector(value.lane)
        first = builder.insert_element(llvm.Constant(vector, llvm.Undefined), number, _INTEGER(0))
        spread = builder.shuffle_vector(
            first, llvm.Constant(vector, llvm.Undefined), llvm.Constant(llvm.VectorType(_INTEGER, LANES), [0] * LANES)
        )
        return builder.fmul(spread, given[1], flags=_FLAGS)

    return value(factor, value), make


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, Eight) and a == b:
        return lambda a, b: _ADD(a, b)  # pyright: ignore
    return None


def _subtract(a: Any, b: Any) -> Any:
    if isinstance(a, Eight) and a == b:
        return lambda a, b: _SUBTRACT(a, b)  # pyright: ignore
    return None


def _multiply(a: Any, b: Any) -> Any:
    if isinstance(a, Eight) and a == b:
        return lambda a, b: _MULTIPLY(a, b)  # pyright: ignore
    if isinstance(a, types.Float) and isinstance(b, Eight):
        return lambda a, b: _scale(a, b)  # pyright: ignore
    return None


for _operator, _meaning in ((operator.add, _add), (operator.sub, _subtract), (operator.mul, _multiply)):
    extending.overload(_operator, strict=False)(_meaning)


def aligned(rows: int, lane: Any) -> Any:
    """Zeros (rows, 3, 8) whose memory begins on a cache line, so that no value straddles two."""
    size = rows * 3 * LANES * np.dtype(lane).itemsize
    raw = np.zeros(size + 64, dtype=np.uint8)
    shift = -raw.ctypes.data % 64
    return raw[shift : shift + size].view(lane).reshape(rows, 3, LANES)
