// The page of a plan: bones and implants in three dimensions at once; once the plan is open, the CT in three planes,
// and a moved implant judged by the server while it moves. The form works without any of it.
import { NVImage, NVMesh, Niivue, SLICE_TYPE } from "@niivue/niivue";

type Vector = [number, number, number];
type Row = { what: string; before: string; after: string; change: string };
type Checked = {
  error?: string;
  implant: number;
  told: { rows: Row[]; warnings: string[]; said: string; verdict: string; levels: string };
  surface: { vertices: Vector[]; faces: Vector[] };
};
type Picture = { title: string; alt: string; png: string };

const BONE: Record<string, [number, number, number, number]> = {
  sacrum: [226, 214, 190, 255], left_hip: [205, 190, 165, 255], right_hip: [205, 190, 165, 255],
  l5: [215, 205, 185, 255], metal: [120, 120, 125, 255],
};
const IMPLANT = new Uint8Array([10, 140, 190, 255]);
const PLANNED_AHEAD_MS = 120;
const LOOK_AGAIN_MS = 1500;

class PlanPage {
  private readonly viewer = new Niivue({
    backColor: [0.043, 0.059, 0.067, 1], show3Dcrosshair: true, isRadiologicalConvention: true, meshXRay: 0.25,
    multiplanarForceRender: true, dragAndDropEnabled: false, loadingText: "", isOrientCube: true,
    heroImageFraction: 0.5, heroSliceType: SLICE_TYPE.RENDER, crosshairWidth: 0.5,
  });
  private readonly canvas: HTMLCanvasElement;
  private readonly status: HTMLElement;
  private readonly form = document.querySelector<HTMLFormElement>("[data-plan-move]");
  private readonly frame: Record<"left" | "posterior" | "cranial", Vector>;
  private implants = new Map<number, NVMesh>();
  private asked = 0;
  private waiting = 0;

  constructor(private readonly place: HTMLElement) {
    this.canvas = place.querySelector("canvas")!;
    this.status = place.querySelector("[data-plan-status]")!;
    this.frame = JSON.parse(place.dataset.frame!);
  }

  async start(): Promise<void> {
    this.say("Loading the bones …");
    try {
      await this.viewer.attachToCanvas(this.canvas);
      this.viewer.setSliceType(SLICE_TYPE.RENDER);
      await this.showBones();
      this.say("");
    } catch {
      this.say("This browser cannot show three dimensions (WebGL 2). The numbers and the files are complete without.");
    }
    if (this.place.dataset.mayOpen && this.form) {
      this.listen(this.form);
      void this.open();
    }
  }

  private say(text: string): void {
    this.status.textContent = text;
  }

  private async showBones(): Promise<void> {
    const gl = this.viewer.gl as WebGL2RenderingContext;
    for (const name of this.place.dataset.bones!.split(" ").filter(Boolean)) {
      const bone = name.replace(/^bones\//, "").replace(/\.stl$/, "");
      const mesh = await NVMesh.loadFromUrl({
        url: this.place.dataset.files + name, name: `${bone}.stl`, gl, rgba255: new Uint8Array(BONE[bone] ?? BONE.sacrum),
        opacity: 0.45,
      });
      turned(mesh.pts);
      mesh.updateMesh(gl);
      this.viewer.addMesh(mesh);
    }
    for (const [number, surface] of (JSON.parse(this.place.dataset.implants!) as Checked["surface"][]).entries()) {
      this.showImplant(number + 1, surface);
    }
  }

  private showImplant(number: number, surface: Checked["surface"]): void {
    const gl = this.viewer.gl as WebGL2RenderingContext;
    const points = turned(new Float32Array(surface.vertices.flat()));
    const before = this.implants.get(number);
    if (before) {
      before.pts = points;
      before.tris = new Uint32Array(surface.faces.flat());
      before.updateMesh(gl);
      this.viewer.drawScene();
      return;
    }
    const made = new NVMesh(
      points, new Uint32Array(surface.faces.flat()), `implant ${number}`, IMPLANT, 1, true, gl,
    );
    this.implants.set(number, made);
    this.viewer.addMesh(made);
  }

  // -- the plan kept open by the server ----------------------------------------------------------------

  private async open(): Promise<void> {
    this.say("Opening the plan for moves; this takes some seconds …");
    for (;;) {
      const told = await this.post(this.place.dataset.open!, {});
      if (told.state === "ready") {
        await this.showVoxels(told.ct === true);
        break;
      }
      if (told.state !== "opening") {
        this.say(`The plan cannot be moved here: ${told.message ?? told.error ?? "the server does not answer."}`);
        return;
      }
      await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    }
    for (const part of document.querySelectorAll<HTMLElement>("[data-plan-nudges], [data-plan-back], [data-plan-views]")) {
      part.hidden = false;
    }
    void this.views();
  }

  private async showVoxels(ct: boolean): Promise<void> {
    try {
      const voxels = await NVImage.loadFromUrl(
        ct
          ? { url: `${this.place.dataset.viewer}ct.nii.gz`, name: "ct.nii.gz", colormap: "gray", cal_min: 100, cal_max: 1400 }
          : { url: `${this.place.dataset.viewer}bones.nii.gz`, name: "bones.nii.gz", colormap: "gray", cal_min: 0, cal_max: 4 },
      );
      this.viewer.addVolume(voxels);
      this.viewer.setSliceType(SLICE_TYPE.MULTIPLANAR);
      this.viewer.opts.meshThicknessOn2D = 5;
      this.lookAt(Number(this.field("implant").value));
      this.say("");
    } catch {
      this.say("The planes cannot be shown; moves are judged all the same.");
    }
  }

  // The planes go through the middle of an implant.
  private lookAt(number: number): void {
    const points = this.implants.get(number)?.pts;
    if (!points) return;
    const middle: Vector = [0, 0, 0];
    for (let at = 0; at < points.length; at += 1) middle[at % 3] += (3 * points[at]) / points.length;
    this.viewer.scene.crosshairPos = this.viewer.mm2frac(middle);
    this.viewer.drawScene();
  }

  private async post(address: string, body: unknown): Promise<Record<string, any>> {
    try {
      const answer = await fetch(address, {
        method: "POST", body: JSON.stringify(body),
        headers: { "content-type": "application/json", "x-csrf-token": this.place.dataset.token! },
      });
      if (answer.headers.get("content-type")?.startsWith("application/json")) return await answer.json();
      return { error: answer.status === 401 ? "You are not signed in any more." : "The server did not take this." };
    } catch {
      return { error: "The server cannot be reached." };
    }
  }

  // -- moving --------------------------------------------------------------------------------------------

  private listen(form: HTMLFormElement): void {
    for (const name of ["shift", "tilt", "length", "implant"]) {
      this.field(name).addEventListener("input", () => this.later());
    }
    this.field("implant").addEventListener("change", () => {
      this.back();
      this.lookAt(Number(this.field("implant").value));
    });
    form.querySelector("[data-plan-back]")?.addEventListener("click", () => this.back());
    form.querySelector("[data-plan-views]")?.addEventListener("click", () => void this.views());
    form.querySelector("[data-plan-nudges]")?.addEventListener("click", (event) => {
      const button = (event.target as HTMLElement).closest("button");
      if (!button) return;
      const much = (event as MouseEvent).shiftKey ? 5 : 1;
      if (button.dataset.way) this.add("shift", button.dataset.way, much);
      if (button.dataset.tilt) this.add("tilt", button.dataset.tilt, much);
    });
    this.listenToDrag();
  }

  private field(name: string): HTMLInputElement {
    return this.form!.elements.namedItem(name) as HTMLInputElement;
  }

  // Adds to what is typed already: "2 cranial" and one more caudal is "1 cranial".
  private add(field: string, way: string, much: number): void {
    const parts = new Map<string, number>();
    for (const part of this.field(field).value.split(",")) {
      const found = /^\s*(\d+(?:\.\d+)?)\s*(?:mm|°|deg)?\s+([a-z]+)\s*$/.exec(part);
      if (found) parts.set(found[2], (parts.get(found[2]) ?? 0) + Number(found[1]));
    }
    const other = OPPOSITE[way];
    const left = (parts.get(way) ?? 0) - (parts.get(other) ?? 0) + much;
    parts.delete(way);
    parts.delete(other);
    if (Math.abs(left) >= 0.05) parts.set(left > 0 ? way : other, Math.abs(left));
    this.field(field).value = [...parts].map(([to, by]) => `${Math.round(by * 10) / 10} ${to}`).join(", ");
    this.later();
  }

  private back(): void {
    for (const name of ["shift", "tilt", "length"]) this.field(name).value = "";
    void this.check();
  }

  private later(): void {
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => void this.check(), PLANNED_AHEAD_MS);
  }

  private question(ask: "move" | "views"): Record<string, unknown> {
    const length = Number(this.field("length").value.replace(",", "."));
    return {
      ask, implant: Number(this.field("implant").value), shift: this.field("shift").value, tilt: this.field("tilt").value,
      length_mm: length > 0 ? length : null,
    };
  }

  private async check(): Promise<void> {
    const mine = ++this.asked;
    const told = (await this.post(this.place.dataset.check!, this.question("move"))) as Checked;
    if (mine !== this.asked) return; // a later question was asked meanwhile
    const into = this.form!.querySelector<HTMLElement>("[data-plan-told]")!;
    into.replaceChildren();
    if (told.error) {
      into.append(made("p", "problem", told.error));
      return;
    }
    this.showImplant(told.implant, told.surface);
    const table = document.createElement("table");
    table.className = "told-moved";
    table.append(line("th", ["", "planned", "moved", "change"]));
    for (const row of told.told.rows) table.append(line("td", [row.what, row.before, row.after, row.change]));
    into.append(table);
    for (const text of [told.told.levels, ...told.told.warnings].filter(Boolean)) into.append(made("p", "notice", text));
  }

  private async views(): Promise<void> {
    const pictures = document.querySelector<HTMLElement>("[data-plan-pictures]")!;
    const into = pictures.querySelector<HTMLElement>("[data-plan-pictures-in]")!;
    pictures.hidden = false;
    into.replaceChildren(made("p", "quiet", "The views are being drawn …"));
    const told = await this.post(this.place.dataset.check!, this.question("views"));
    into.replaceChildren();
    if (told.error) into.append(made("p", "problem", told.error));
    for (const picture of (told.views ?? []) as Picture[]) {
      const figure = document.createElement("figure");
      const image = document.createElement("img");
      image.src = `data:image/png;base64,${picture.png}`;
      image.alt = picture.alt;
      figure.append(image, made("figcaption", "", picture.title));
      into.append(figure);
    }
  }

  // With Alt held, a drag in a plane moves the chosen implant by as much as the pointer moves over the anatomy.
  private listenToDrag(): void {
    let from: Vector | null = null;
    const at = (event: PointerEvent): Vector | null => {
      const box = this.canvas.getBoundingClientRect();
      const ratio = this.canvas.width / box.width;
      const found = this.viewer.screenXY2mm((event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio);
      return found[3] >= 0 ? [found[0], found[1], found[2]] : null;
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (!event.altKey) return;
      from = at(event);
      if (from) {
        event.stopImmediatePropagation();
        event.preventDefault();
        this.canvas.setPointerCapture(event.pointerId);
      }
    }, { capture: true });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from) return;
      event.stopImmediatePropagation();
      const to = at(event);
      if (to && this.shiftBy([-(to[0] - from[0]), -(to[1] - from[1]), to[2] - from[2]])) from = to;
    }, { capture: true });
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => (from = null));
  }

  // A way in LPS millimetres as shifts along the pelvis's own directions; false where it is too short to tell.
  private shiftBy(way: Vector): boolean {
    const along = (axis: Vector): number => Math.round((way[0] * axis[0] + way[1] * axis[1] + way[2] * axis[2]) * 2) / 2;
    const left = along(this.frame.left) * (this.place.dataset.side === "left" ? 1 : -1);
    const told: [string, number][] = [
      ["cranial", along(this.frame.cranial)], ["posterior", along(this.frame.posterior)], ["lateral", left],
    ];
    const moved = told.filter(([, much]) => much !== 0);
    for (const [to, much] of moved) this.add("shift", much > 0 ? to : OPPOSITE[to], Math.abs(much));
    return moved.length > 0;
  }
}

const OPPOSITE: Record<string, string> = {
  cranial: "caudal", caudal: "cranial", anterior: "posterior", posterior: "anterior", lateral: "medial",
  medial: "lateral", deeper: "shallower", shallower: "deeper",
};

// Files and answers are in LPS, the viewer counts in RAS: x and y change their sign.
function turned(points: Float32Array): Float32Array {
  for (let at = 0; at < points.length; at += 3) {
    points[at] = -points[at];
    points[at + 1] = -points[at + 1];
  }
  return points;
}

function made(tag: string, kind: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.textContent = text;
  return element;
}

function line(cell: "th" | "td", texts: string[]): HTMLElement {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => made(cell, "", text)));
  return row;
}

const place = document.querySelector<HTMLElement>("[data-plan-viewer]");
if (place) void new PlanPage(place).start();
