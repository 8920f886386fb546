// Starting a run: which data set, which pack, which face counts, at which size.
import { call } from "../api.js";
import { byId, h, show } from "../elements.js";
import { problemNote } from "../problems.js";

const DEFAULT = "default";

/** Fill in the form, which gives the run that it has started to `started`. */
export async function offer(started) {
  const [{ datasets }, { packs }] = await Promise.all([call("/v1/datasets"), call("/v1/packs")]);
  const form = byId("start"), { dataset, pack } = form.elements;
  dataset.replaceChildren(...datasets.map((one) => new Option(`${one.name}: ${one.pairs} pairs, ${one.images} images${one.people === null ? "" : `, ${one.people} people`}`, one.name)));
  pack.replaceChildren(...packs.map((one) => new Option(one.is_default ? `${one.name} (${DEFAULT})` : one.name, one.name, one.is_default, one.is_default)));
  form.hidden = !datasets.length;
  show("no-datasets", datasets.length ? [] : h("p", {}, "There is no data set yet. ", h("code", {}, "likeness evaluate import sample"), " imports a small one, to see how a run goes; ",
    h("code", {}, "likeness evaluate import lfw --archive lfw-deepfunneled.tgz --pairs pairs.txt"), " one that says something."));
  form.onsubmit = async (event) => {
    event.preventDefault();
    form.elements.start.disabled = true;
    try {
      show("start-said");
      started(await call("/v1/evaluations", { method: "POST", json: asked(form) }));
    } catch (problem) {
      show("start-said", problemNote(problem));
    } finally {
      form.elements.start.disabled = false;
    }
  };
}

function asked(form) {
  const { dataset, pack, policy, detection_size: size, flip } = form.elements;
  return {
    dataset: dataset.value, pack: pack.value, flip: flip.checked,
    ...(policy.value && { policy: policy.value }), ...(size.value && { detection_size: Number(size.value) }),
  };
}
