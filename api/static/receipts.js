// Receipts: a compact JWS, read and checked in this tab with the deployment's public key (docs/reliability.md).

const TYPE = "likeness-receipt+jwt";
const ALGORITHMS = {
  OKP: { name: "Ed25519" },
  EC: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
};

const bytes = (part) => Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const object = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

/** What a receipt says, unchecked. */
export const contents = (receipt) => object(receipt.split(".")[1]);

/**
 * Resolves to why the receipt does not hold, or "" where it does: signed by one of these keys (RFC 7515, 7517).
 * The key decides the algorithm, not the receipt. Throws where this browser cannot check.
 */
export async function fault(receipt, jwks) {
  const [head, body, signature] = receipt.split(".");
  const { kid, typ } = object(head);
  if (typ !== TYPE) return `its type is ${typ}, not ${TYPE}`;
  const jwk = jwks.keys.find((one) => one.kid === kid);
  if (!jwk) return `none of the deployment's keys is the one that signed it, ${kid}`;
  if (!globalThis.crypto?.subtle) throw new Error("a browser checks signatures on https and on localhost only");
  const algorithm = ALGORITHMS[jwk.kty];
  const { kty, crv, x, y } = jwk;
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  const holds = await crypto.subtle.verify(algorithm, key, bytes(signature), signed);
  return holds ? "" : "its signature is not that of what it says";
}
