// Choosing many photographs: by clicking, by dropping files or folders. They stay in the browser until they are sent.

/** Have the field take what is dropped on its label too; `chosen` is told of every change. */
export function takePhotographs(field, chosen) {
  const label = field.closest("label");
  field.addEventListener("change", () => chosen([...field.files]));
  for (const name of ["dragover", "dragleave", "drop"])
    label.addEventListener(name, async (event) => {
      event.preventDefault();
      label.classList.toggle("over", name === "dragover");
      if (name !== "drop") return;
      const dropped = await filesOf(event.dataTransfer), taken = new DataTransfer();
      for (const file of field.multiple ? dropped : dropped.slice(0, 1)) taken.items.add(file);
      field.files = taken.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
}

async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = (await Promise.all(entries.map(within))).flat().filter((file) => !file.name.startsWith("."));
  return found.sort((one, other) => one.name.localeCompare(other.name)); // a folder has no order of its own
}

async function within(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return (await Promise.all(found.map(within))).flat();
    found.push(...some);
  }
}

/** `1234567` as `1.2 MB`. */
export const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
