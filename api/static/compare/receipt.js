// A receipt: the signed account of an ended job (a compact JWS). Fetched, shown, and checked in this browser.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const read = (text) => JSON.parse(new TextDecoder().decode(bytes(text)));
const ALGORITHMS = {
  OKP: { from: { name: "Ed25519" }, by: { name: "Ed25519" } },
  EC: { from: { name: "ECDSA", namedCurve: "P-256" }, by: { name: "ECDSA", hash: "SHA-256" } },
};

/** Whether this browser can check one: over https, or on this machine, and new enough for the key's kind. */
export const canCheck = () => Boolean(globalThis.crypto?.subtle);

/** What the receipt says. */
export const contents = (receipt) => read(receipt.split(".")[1]);

/** Whether one of the keys has signed it. Throws an Error that says what is wrong. */
export async function check(receipt, jwks) {
  const [head, body, signature] = receipt.split("."), header = read(head);
  if (header.typ !== "likeness-receipt+jwt") throw new Error(`It is no receipt: its type is ${header.typ}.`);
  const jwk = jwks.keys.find((one) => one.kid === header.kid);
  if (!jwk) throw new Error(`None of this deployment's keys is the one that signed it, ${header.kid}.`);
  const { from, by } = ALGORITHMS[jwk.kty]; // only the key decides the algorithm: what the header asks for could be weaker
  const { kty, crv, x, y } = jwk;
  let key;
  try {
    key = await crypto.subtle.importKey("jwk", { kty, crv, x, ...(y && { y }) }, from, false, ["verify"]);
  } catch {
    throw new Error(`This browser cannot check ${jwk.alg} signatures: likeness receipt verify can.`);
  }
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await crypto.subtle.verify(by, key, bytes(signature), signed))) throw new Error("It was changed, or another key has signed it.");
}

/** SHA-256 of a file, in hexadecimal. */
export async function digest(file) {
  const hashed = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(hashed)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
