// The call that this page makes, for a terminal and for a program. The key is named, never written.

const shell = (text) => (/^[\w./=@:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const python = (text) => JSON.stringify(text);
const isNumber = (name) => ["threshold", "target_fmr"].includes(name);

/** `names`: of the two files; `fields`: what else is sent. */
export function curl({ url, names, fields, keys }) {
  const parts = [["reference", `@${names.reference}`], ["probe", `@${names.probe}`], ...fields].map(([name, value]) => `  -F ${shell(`${name}=${value}`)}`);
  return [`curl ${url}/v1/comparisons`, "  -H 'Prefer: wait=20'", ...(keys ? ['  -H "Authorization: Bearer $LIKENESS_API_KEY"'] : []), ...parts].join(" \\\n");
}

export function inPython({ url, names, fields, keys }) {
  const others = fields.map(([name, value]) => `, ${name}=${isNumber(name) ? value : python(value)}`).join("");
  return `${keys ? "import os\n" : ""}from pathlib import Path

from likeness import Client

with Client(${python(url)}${keys ? ', key=os.environ["LIKENESS_API_KEY"]' : ""}) as client:
    reference, probe = Path(${python(names.reference)}).read_bytes(), Path(${python(names.probe)}).read_bytes()
    job = client.submit(reference, probe${others})
    job = client.wait(job.id)
    print(job.outcome, job.decision, job.score)
`;
}

export function json({ url, names, fields, keys }) {
  const body = { reference: `<base64 of ${names.reference}>`, probe: `<base64 of ${names.probe}>`, ...Object.fromEntries(fields.map(([name, value]) => [name, isNumber(name) ? Number(value) : value])) };
  return `POST ${url}/v1/comparisons
Content-Type: application/json
Prefer: wait=20
${keys ? "Authorization: Bearer <your key>\n" : ""}
${JSON.stringify(body, null, 2)}
`;
}
