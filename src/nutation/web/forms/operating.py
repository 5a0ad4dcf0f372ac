"""The operation: planned, carried out here or elsewhere; with its device, and what went wrong."""

from __future__ import annotations

from nutation.web.forms.injecting import RESULTS
from nutation.web.forms.shape import Field, Form, Section, When, choice, in_full, truth

_DEVICE = "Device and graft"
_READY = "Readiness"
_DONE = "How it was done"
_CODES = (("27279", "27279"), ("27278", "27278"), ("27280", "27280"))


def _line(name: str, label: str, group: str = "", help_: str = "", *, rare: bool = False, unit: str = "") -> Field:
    return Field(f"note.{name}", label, group=group, help=help_, rare=rare, unit=unit)


OPERATION = Form(
    name="operation",
    title="Operation",
    day="asked",
    day_label="Day of the operation",
    sides="asked",
    offered=("left", "right", "both", "none"),
    parts=(
        Section(
            "operation", "operation", "The operation",
            (
                choice("modality", "Planned or done", ("intended", "planned"), ("actual", "carried out")),
                choice("target", "Operation of", ("si_joint", "sacroiliac joint"),
                       ("lumbar_fusion", "lumbar spine, fusion"), ("lumbar_other", "lumbar spine, other"),
                       ("hip", "hip"), ("pelvis", "pelvis"), ("other", "other")),
                truth("fused_to_sacrum", "Fused down to the sacrum", when=When("target", ("lumbar_fusion",))),
                Field("levels", "Levels fused", when=When("target", ("lumbar_fusion",))),
                choice("route", "Route", ("lateral", "lateral"), ("posterolateral", "posterolateral"),
                       ("posterior", "posterior"), ("anterior", "anterior"), ("other", "other"), group=_DEVICE),
                truth("transfixing", "Implants cross the joint", help="From the ilium into the sacrum.", group=_DEVICE),
                choice("device_kind", "Device", ("titanium_triangular", "triangular titanium rods"),
                       ("threaded_screw", "threaded screws"), ("cage", "cage"), ("allograft", "allograft"),
                       ("hybrid", "hybrid"), ("plate", "plate"), ("pelvic_screw", "pelvic screw"), ("other", "other"),
                       menu=True, group=_DEVICE),
                choice("regulatory", "Regulated as", ("cleared_device", "a device"), ("tissue_product", "tissue"),
                       group=_DEVICE),
                Field("implants", "Implants", group=_DEVICE),
                truth("graft", "Bone graft", group=_DEVICE),
                truth("decortication", "Joint decorticated", group=_DEVICE),
                choice("procedure_code", "Procedure code", *_CODES, group=_DEVICE),
                _line("maker", "Maker and model", _DEVICE),
                _line("lot", "Lot, serial or UDI of each implant", _DEVICE, "One after another, with its place."),
                _line("graft_kind", "Graft: kind, lot, amount", _DEVICE, rare=True),
                _line("readiness", "Nicotine, medicines, skin, consent", _READY, rare=True),
                _line("images_seen", "Images at hand, side and level agreed by", _READY, rare=True),
                _line("anaesthesia", "Anaesthesia", _DONE, "General, spinal, local with sedation."),
                _line("guidance", "Guidance", _DONE, "Fluoroscopy, navigation, robot, CT.", rare=True),
                _line("monitoring", "Nerve monitoring", _DONE, rare=True),
                _line("antibiotic", "Antibiotic, and when", _DONE, rare=True),
                _line("closure", "Closure", _DONE, rare=True),
                _line("minutes", "Skin to skin", _DONE, rare=True, unit="minutes"),
                _line("blood", "Blood lost", _DONE, rare=True, unit="ml"),
                _line("surgeon", "Surgeon and assistants", _DONE),
                _line("after", "Weight bearing and stay", _DONE, rare=True),
                choice("result", "Result, as known today", *RESULTS, rare=True, menu=True),
            ),
            needs=("modality",),
        ),
        Section(
            "complication", "adverse_event", "Complications",
            (
                choice(
                    "category", "What",
                    ("wound", "wound"), ("deep_infection", "deep infection"), ("nerve", "nerve"),
                    ("vessel", "vessel"), ("haematoma", "haematoma"), ("malposition", "malposition of an implant"),
                    ("loosening", "loosening"), ("nonunion", "non-union"), ("fracture", "fracture"),
                    ("thromboembolism", "thrombosis or embolism"), ("bursitis", "bursitis"), ("pain", "pain"),
                    ("device", "trouble with the device"), ("other", "other"),
                    menu=True,
                ),
                truth("severe", "Severe"),
                truth("device_related", "Due to the device", rare=True),
                truth("procedure_related", "Due to the operation", rare=True),
                Field("note.action", "What was done about it", line="Done about it", wide=True),
            ),
            happened="day", when="Noticed on", when_after=1, rows=1, more=2, one="complication", fold="closed",
        ),
        in_full("all_operations", "operation", "operations", "Every operation of the region up to today is recorded"),
        in_full("all_complications", "adverse_event", "complications", "Every complication up to today is recorded"),
    ),
)  # fmt: skip
