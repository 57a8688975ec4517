import { createHash } from "node:crypto";
import type { Tokenizer } from "../tokens/tokenizer.js";
import { openSet } from "./cache-sets-node.js";
import { Segments } from "./segments-node.js";

/** What people know a set of tokens by. */
export interface TokenSetFacts {
  /** As it was named: `mini`, or a folder. */
  model: string;
}

/** Bytes of tokens that may wait to be written. */
const WRITE_AT_ONCE = 2 ** 18;

/** Bytes of tokens in temporary files. */
const TEMPORARY_BYTES = 64 * 2 ** 30;

/** Changes with what is kept of a text. */
const FORMAT = 1;

/**
 * Opens the tokens that a tokenizer made of texts: those that are kept for later runs, or, without `cacheAs` or where the
 * cache can't be written, temporary ones.
 */
export function openTokenSet(tokenizer: Tokenizer, cacheAs: string | undefined): Segments {
  const common = { ending: ".tokens", writeAtOnce: WRITE_AT_ONCE };
  if (cacheAs !== undefined) {
    try {
      const facts: TokenSetFacts = { model: cacheAs };
      return new Segments({ ...common, ...openSet({ kind: "tokens", name: nameOf(tokenizer), facts }) });
    } catch {
      // As good as a cache that isn't wanted.
    }
  }
  let left = TEMPORARY_BYTES;
  const makeRoom = (bytes: number): boolean => {
    left -= bytes;
    return left >= 0;
  };
  return new Segments({ ...common, folder: undefined, makeRoom });
}

/** 32 hexadecimal digits of a SHA-256 over all that the tokens depend on but the texts. */
const nameOf = ({ fingerprint, json }: Tokenizer): string =>
  createHash("sha256")
    .update(JSON.stringify([FORMAT, fingerprint, json]))
    .digest("hex")
    .slice(0, 32);

/** What was written of a set; undefined where that is something else. */
export function tokenFacts(facts: unknown): TokenSetFacts | undefined {
  if (typeof facts !== "object" || facts === null) return undefined;
  const { model } = facts as TokenSetFacts;
  return typeof model === "string" ? { model } : undefined;
}
