// The packs of this deployment, as the options of a field.
import { call } from "./api.js";

/** Add them. */
export async function offerPacks(field) {
  try {
    const { packs } = await call("/v1/packs");
    for (const { name } of packs) field.append(new Option(name));
  } catch { /* a key without the scope: what is on the page beside this says so */ }
}
