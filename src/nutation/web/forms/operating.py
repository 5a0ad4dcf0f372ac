"""The operation: planned, carried out here or elsewhere; with its device, and what went wrong."""

from __future__ import annotations

from nutation.web.forms.injecting import RESULTS
from nutation.web.forms.shape import Field, Form, Section, When, choice, in_full, truth

_DEVICE = "Device and graft"
_READY = "Readiness"
_DONE = "How it was done"
_CODES = (("27279", "27279"), ("27278", "27278"), ("27280", "27280"))


def _line(name: str, label: str, group: str) -> Field:
    return Field(f"note.{name}", label, group=group)


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
                Field("maker", "Maker and model", group=_DEVICE),
                Field("implant_lots", "Lot, serial or UDI of each implant", wide=True, group=_DEVICE,
                      help="One after another with its place, parted by semicolons. As the labels say."),
                choice("graft_kind", "Graft", ("autograft", "the patient's own bone"), ("allograft", "donor bone"),
                       ("demineralised_bone", "demineralised bone"), ("synthetic", "synthetic"),
                       ("growth_factor", "growth factor"), ("mixed", "several"), ("other", "other"),
                       when=When("graft", ("yes",)), menu=True, group=_DEVICE),
                Field("graft_lot", "Lot of the graft, and how much", when=When("graft", ("yes",)), group=_DEVICE),
                _line("readiness", "Nicotine, medicines, skin, consent", _READY),
                _line("images_seen", "Images at hand, side and level agreed by", _READY),
                choice("anaesthesia", "Anaesthesia", ("general", "general"), ("spinal", "spinal"),
                       ("local_with_sedation", "local with sedation"), ("other", "other"), group=_DONE),
                choice("guidance", "Guided by", ("fluoroscopy", "fluoroscopy"), ("navigation", "navigation"),
                       ("robot", "robot"), ("ct", "CT"), ("other", "other"), group=_DONE),
                choice("nerve_monitoring", "Nerve monitoring", ("none", "none"), ("emg", "EMG"),
                       ("evoked_potentials", "evoked potentials"), ("both", "both"), group=_DONE),
                truth("antibiotic_given", "Antibiotic before the cut", group=_DONE),
                Field("closure", "Closure and dressing", group=_DONE),
                Field("skin_to_skin_min", "Skin to skin", unit="minutes", rare=True, group=_DONE),
                Field("blood_loss_ml", "Blood lost", unit="ml", rare=True, group=_DONE),
                _line("surgeon", "Surgeon and assistants", _DONE),
                choice("weight_bearing", "Weight on that leg at first", ("full", "full"), ("partial", "partial"),
                       ("toe_touch", "toes only"), ("none", "none"), group=_DONE),
                Field("nights_in_hospital", "Nights in hospital", rare=True, group=_DONE),
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
