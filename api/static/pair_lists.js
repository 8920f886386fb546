// Lists of pairs as people have them: CSV with a header, JSON Lines, or a JSON array; as the API takes them: objects.

const COLUMNS = ["reference", "probe", "custom_id"];

/** The pairs of a text, as objects with `reference`, `probe` and maybe `custom_id`. Throws an Error with the line. */
export function readPairs(text) {
  const bare = text.replace(/^\uFEFF/, "").trim();
  if (!bare) return [];
  if (bare.startsWith("[")) return JSON.parse(bare);
  if (bare.startsWith("{"))
    return bare.split("\n").filter((line) => line.trim()).map((line, place) => {
      try { return JSON.parse(line); } catch (error) { throw new Error(`line ${place + 1}: ${error.message}`); }
    });
  return fromCsv(bare);
}

function fromCsv(text) {
  const [first] = text.split("\n", 1);
  const separator = [",", ";", "\t"].find((one) => first.includes(one)) ?? ",";
  const [header, ...rows] = cells(text, separator);
  const names = header.map((name) => name.trim().toLowerCase());
  const lacking = ["reference", "probe"].filter((name) => !names.includes(name));
  if (lacking.length) throw new Error(`line 1: the header lacks ${lacking.join(" and ")}; it has ${names.join(", ")}`);
  return rows.map((row, place) => {
    const pair = {};
    for (const name of COLUMNS) {
      const value = row[names.indexOf(name)]?.trim();
      if (value) pair[name] = value;
      else if (name !== "custom_id") throw new Error(`line ${place + 2}: ${name} is empty`);
    }
    return pair;
  });
}

/** RFC 4180: what is between quotation marks may have separators, line ends and doubled quotation marks in it. */
function cells(text, separator) {
  const rows = [[""]];
  let isQuoted = false;
  for (let place = 0; place < text.length; place++) {
    const letter = text[place], row = rows.at(-1);
    if (isQuoted) {
      if (letter !== '"') row[row.length - 1] += letter;
      else if (text[place + 1] === '"') row[row.length - 1] += text[++place];
      else isQuoted = false;
    } else if (letter === '"' && row.at(-1) === "") isQuoted = true;
    else if (letter === separator) row.push("");
    else if (letter === "\n") rows.push([""]);
    else if (letter !== "\r") row[row.length - 1] += letter;
  }
  return rows.filter((row) => row.some((cell) => cell.trim()));
}
