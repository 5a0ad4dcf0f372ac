"""Which ids of a label map are which bone: TotalSegmentator's ids, the file's own names, or a mapping file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nutation.record.errors import InputError


@dataclass(frozen=True, slots=True)
class BoneIds:
    """The ids of each bone; the hips either apart (`left_hip`, `right_hip`) or in one (`hips`)."""

    sacrum: tuple[int, ...]
    left_hip: tuple[int, ...] = ()
    right_hip: tuple[int, ...] = ()
    hips: tuple[int, ...] = ()
    l5: tuple[int, ...] = ()
    basis: str = ""


# TotalSegmentator v2, task `total`: sacrum 25, vertebrae_S1 26, vertebrae_L5 27, hip_left 77, hip_right 78
# (github.com/wasserth/TotalSegmentator, class map). S1 is cut out of its sacrum: the bone is both.
TOTAL = BoneIds((25, 26), (77,), (78,), (), (27,), "TotalSegmentator's ids (task total, version 2)")

EXAMPLE = """sacrum: 1
left_hip: 2
right_hip: 3
l5: 4"""

EXAMPLE_HIPS = """sacrum: 3
hips: 1
spine: 4"""

_KEYS = ("sacrum", "left_hip", "right_hip", "hips", "l5", "spine")

# Names of segments that leave no doubt, compared with letters and digits only.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "sacrum": ("sacrum", "vertebraes1"),
    "left_hip": ("hipleft", "lefthip", "lefthipbone", "leftcoxalbone", "leftinnominate", "leftinnominatebone"),
    "right_hip": ("hipright", "righthip", "righthipbone", "rightcoxalbone", "rightinnominate", "rightinnominatebone"),
    "hips": ("hips", "hipbones"),
    "l5": ("l5", "vertebrael5"),
}


def bone_ids(volumes_ml: Mapping[int, float], names: Mapping[int, str], mapping: Path | None, file: str) -> BoneIds:
    """Which ids are which bone; `volumes_ml` tells the ids that the map holds.

    Raises `InputError`, with the ids found and a mapping file to write, where the map does not say it itself.
    """
    if mapping is not None:
        return _from_mapping(mapping, volumes_ml, file)
    if {25, 77, 78} <= volumes_ml.keys():
        return BoneIds(
            tuple(i for i in TOTAL.sacrum if i in volumes_ml),
            TOTAL.left_hip,
            TOTAL.right_hip,
            (),
            tuple(i for i in TOTAL.l5 if i in volumes_ml),
            TOTAL.basis,
        )
    named = _from_names(names, volumes_ml)
    if named is not None:
        return named
    raise InputError(
        f"does not say which label is which bone. {_found(volumes_ml, names)}",
        file=file,
        mend=_how_to_map(),
    )


def _how_to_map() -> str:
    apart, together = EXAMPLE.replace("\n", "; "), EXAMPLE_HIPS.replace("\n", "; ")
    return (
        "write a mapping file (YAML or JSON, one bone a line) and give it with --mapping: "
        f"for instance [{apart}], or, with both hips in one label, [{together}]."
    )


def _found(volumes_ml: Mapping[int, float], names: Mapping[int, str]) -> str:
    if not volumes_ml:
        return "It holds no label at all."
    largest = sorted(volumes_ml, key=lambda i: -volumes_ml[i])
    told = [f"{i}{f' ({names[i]})' if i in names else ''}: {volumes_ml[i]:.0f} ml" for i in sorted(largest[:20])]
    rest = f", and {len(largest) - 20} smaller" if len(largest) > 20 else ""
    return f"Labels found: {', '.join(told)}{rest}."


def _from_names(names: Mapping[int, str], volumes_ml: Mapping[int, float]) -> BoneIds | None:
    found: dict[str, list[int]] = {bone: [] for bone in _SPELLINGS}
    for value, name in names.items():
        plain = "".join(c for c in name.lower() if c.isalnum())
        for bone, spellings in _SPELLINGS.items():
            if value in volumes_ml and plain in spellings:
                found[bone].append(value)
    apart = bool(found["left_hip"] and found["right_hip"])
    if not found["sacrum"] or apart == bool(found["hips"]):
        return None
    return BoneIds(**{bone: tuple(ids) for bone, ids in found.items()}, basis="the segments' names in the file")


def _from_mapping(mapping: Path, volumes_ml: Mapping[int, float], file: str) -> BoneIds:
    wanted = _read_mapping(mapping)
    ids: dict[str, tuple[int, ...]] = {}
    taken: dict[int, str] = {}
    for key, value in wanted.items():
        if key not in _KEYS:
            raise InputError(
                f"'{key}' is no bone that a plan reads.",
                file=mapping.name,
                place=f"key {key}",
                mend=f"use the keys {', '.join(_KEYS)}.",
            )
        ids[key] = _numbers(value, key, mapping.name)
        for number in ids[key]:
            if number in taken:
                raise InputError(
                    f"label {number} stands for {taken[number]} and for {key}.",
                    file=mapping.name,
                    place=f"key {key}",
                    mend="give each label to one bone.",
                )
            taken[number] = key
            if number not in volumes_ml:
                raise InputError(
                    f"label {number} ({key}) does not occur in {file}. {_found(volumes_ml, {})}",
                    file=mapping.name,
                    place=f"key {key}",
                    mend="write the labels as the map has them.",
                )
    apart = bool(ids.get("left_hip")) and bool(ids.get("right_hip"))
    together = bool(ids.get("hips"))
    half = bool(ids.get("left_hip")) != bool(ids.get("right_hip"))
    if not ids.get("sacrum") or apart == together or half:
        raise InputError(
            "has to name the sacrum, and either left_hip and right_hip or hips.",
            file=mapping.name,
            place=f"keys {', '.join(wanted) or 'none'}",
            mend=_how_to_map(),
        )
    return BoneIds(
        sacrum=ids["sacrum"],
        left_hip=ids.get("left_hip", ()),
        right_hip=ids.get("right_hip", ()),
        hips=ids.get("hips", ()),
        l5=ids.get("l5", ()) + ids.get("spine", ()),
        basis=f"the mapping file {mapping.name}",
    )


def _read_mapping(mapping: Path) -> dict[str, Any]:
    import yaml

    try:
        tree: Any = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("there is no such mapping file.", file=mapping.name, mend=_how_to_map()) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            "is neither YAML nor JSON.", file=mapping.name, place=_line(error), mend=_how_to_map()
        ) from error
    if not isinstance(tree, dict):
        raise InputError("is not a list of bones with their labels.", file=mapping.name, mend=_how_to_map())
    return {str(key): value for key, value in cast("dict[Any, Any]", tree).items()}


def _line(error: Exception) -> str:
    mark: Any = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark is not None else ""


def _numbers(value: Any, key: str, file: str) -> tuple[int, ...]:
    """One id or a list of ids."""
    listed: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not listed or any(isinstance(x, bool) or not isinstance(x, int) or x <= 0 for x in listed):
        raise InputError(
            f"{key} has to be a label above 0, or a list of them; it is {value!r}.",
            file=file,
            place=f"key {key}",
            mend=_how_to_map(),
        )
    return tuple(listed)
