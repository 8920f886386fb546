// The two photographs: chosen, dropped, pasted or taken. They stay in this tab; only the upload leaves it.
import { announce, h } from "../elements.js";
import { photograph } from "./camera.js";
import { fits, legend, marks } from "./marks.js";

export const SIDES = ["reference", "probe"];

/** One side's place on the page. */
class Side {
  constructor(place, changed) {
    this.name = place.dataset.side;
    this.place = place;
    this.file = null;
    this.changed = changed;
    const find = (what) => place.querySelector(what);
    [this.input, this.sheet, this.image, this.caption, this.said, this.remove] = ["input", ".sheet", "img", ".caption", ".said", ".remove"].map(find);
    this.input.addEventListener("change", () => { if (this.input.files[0]) this.take(this.input.files[0]); });
    find(".camera").addEventListener("click", async () => {
      try {
        const taken = await photograph(this.name);
        if (taken) this.take(taken);
      } catch (error) {
        this.say(error.message);
      }
    });
    this.remove.addEventListener("click", () => { this.take(null); this.input.focus(); });
    this.image.addEventListener("error", () => { if (this.file) this.unshown("This browser cannot show the file; Likeness may read it all the same."); });
  }

  say(text) { this.said.textContent = text; this.said.hidden = !text; }

  /** Have this file on this side, or none. */
  take(file) {
    if (this.image.src) URL.revokeObjectURL(this.image.src);
    this.file = file;
    this.input.value = "";
    this.say("");
    this.unmark();
    this.place.classList.toggle("filled", Boolean(file));
    this.place.classList.remove("unshown");
    this.remove.hidden = !file;
    if (file) {
      this.image.src = URL.createObjectURL(file);
      this.image.alt = `The ${this.name}: ${file.name}`;
      this.caption.textContent = `${file.name}, ${kilobytes(file.size)}`;
      announce(`${this.name}: ${file.name}`);
    } else {
      this.image.removeAttribute("src");
      this.caption.textContent = "";
    }
    this.changed();
  }

  unshown(why) { this.place.classList.add("unshown"); this.say(why); }

  unmark() {
    this.sheet.querySelector(".marks")?.remove();
    this.place.querySelector(".legend")?.remove();
  }

  /** Draw what was seen over the image; on an empty sheet where the browser does not show the image as the engine saw it. */
  mark(seen) {
    this.unmark();
    if (!seen) return;
    if (this.image.naturalWidth && !fits(this.image, seen)) this.unshown("This browser shows the photograph turned otherwise than the engine saw it.");
    this.sheet.append(marks(seen, this.name));
    if (seen.faces.length) this.caption.after(legend(seen));
  }
}

/** Both sides, by name; `changed` is called whenever one of them is. */
export function photographs(form, changed) {
  const sides = Object.fromEntries([...form.querySelectorAll("[data-side]")].map((place) => [place.dataset.side, new Side(place, changed)]));
  const all = Object.values(sides);
  /** Several at once fill the side that is meant, and then what is empty. */
  const takeAll = (files, first) => {
    const order = [first, ...all.filter((side) => side !== first && !side.file), ...all.filter((side) => side !== first && side.file)];
    [...files].slice(0, all.length).forEach((file, at) => order[at].take(file));
  };
  // A photograph that misses its side must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  for (const side of all) {
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) side.place.addEventListener(name, (event) => {
      side.place.classList.toggle("over", name === "dragenter" || name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) takeAll(event.dataTransfer.files, side);
    });
  }
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    takeAll(files, all.find((side) => side.place.contains(document.activeElement)) ?? all.find((side) => !side.file) ?? all.at(-1));
  });
  return sides;
}

export const kilobytes = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
