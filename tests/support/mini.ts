import { readFileSync } from "node:fs";
import { createTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.js";

/** A file of the embedded encoder, as text. */
export const miniFile = (name: string): string =>
  readFileSync(new URL(`../../models/mini/${name}`, import.meta.url), "utf8");

/** The embedded encoder's tokenizer. */
export const miniTokenizer = (): Tokenizer =>
  createTokenizer({
    tokenizerJson: miniFile("tokenizer.json"),
    tokenizerConfigJson: miniFile("tokenizer_config.json"),
  });
