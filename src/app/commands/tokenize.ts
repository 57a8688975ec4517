import type { Command } from "commander";
import { openLines } from "../../data/rows/open-rows-node.js";
import { readingOf } from "../../report/long-texts.js";
import { columns } from "../../report/plain.js";
import { trainOptions } from "../../run/options.js";
import { lengthLimitOf } from "../../run/plan.js";
import { openPretrained } from "../../run/pretrained-node.js";
import { encodeAll } from "../../tokens/encode-all.js";
import type { LengthLimit } from "../../tokens/long-texts.js";
import type { Encoding } from "../../tokens/sequence.js";
import type { Tokenizer } from "../../tokens/tokenizer.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { addLengthOptions, type LengthFlags, lengthOptions } from "../length-options.js";
import { modelEvents } from "../model-events.js";
import { openProgress } from "../progress.js";

interface TokenizeFlags extends CommonFlags, LengthFlags {
  model: string;
  revision: string;
}

/** `textgraft tokenize [TEXT…]` */
export function addTokenize(program: Command, app: App): Command {
  const command = program
    .command("tokenize")
    .description("show texts as a model reads them: word pieces, ids and attention mask")
    .argument("[texts...]", "texts; without any, standard input is read, one text a line")
    .option(
      "--model <name>",
      "model that reads them: a folder, mini (built in), or a Hugging Face Hub name",
      trainOptions.model.default,
    )
    .option("--revision <text>", trainOptions.revision.help, trainOptions.revision.default);
  return addLengthOptions(command, MAX_LENGTH_HELP).action((texts: string[], flags: TokenizeFlags) =>
    tokenizeVerb(app, texts, flags),
  );
}

async function tokenizeVerb({ stdout, stderr }: App, args: string[], flags: TokenizeFlags): Promise<void> {
  const progress = openProgress(stderr, flags);
  const tell = modelEvents(progress);
  const { tokenizer, config } = await openPretrained(flags.model, { revision: flags.revision, tell });
  progress.end();
  const options = lengthOptions(flags);
  const limit = lengthLimitOf(options, config.positions, { tokenizer, config });
  const padTo = options.maxLength === "auto" ? 0 : options.maxLength;
  const texts = args.length > 0 ? args : await openLines();
  const whole = await encodeAll(tokenizer, texts);
  const passages = whole.fitted(limit);
  for (const [i, text] of texts.entries()) {
    const read = passages.of(i).map((passage) => padded(tokenizer, passages.at(passage), padTo));
    const length = whole.lengthOf(i);
    if (flags.json) {
      for (const [window, tokens] of read.entries()) {
        const place = read.length > 1 ? { window: window + 1, windows: read.length } : {};
        stdout.write(jsonLine({ text, length, ...place, ...tokens }));
      }
    } else stdout.write(`${text}\n${noteOf(length, limit)}${read.map(tokenTable).join("")}\n`);
  }
}

const MAX_LENGTH_HELP = "tokens that are read at once, with padding to it; auto: as many as the model can";

/** What of a long text is shown. */
const noteOf = (length: number, limit: LengthLimit): string =>
  length <= limit.maxLength ? "" : `Of its ${length} tokens, ${readingOf(limit)}.\n`;

interface Tokens {
  pieces: string[];
  inputIds: number[];
  attentionMask: number[];
  tokenTypeIds: number[];
}

/** What a model reads, padded to `length`. */
function padded(tokenizer: Tokenizer, { inputIds, tokenTypeIds }: Encoding, length: number): Tokens {
  const padding = Math.max(0, length - inputIds.length);
  const filled = <T>(values: readonly T[], fill: T): T[] => [...values, ...Array<T>(padding).fill(fill)];
  return {
    pieces: filled(
      Array.from(inputIds, (id) => tokenizer.pieceOf(id)),
      "padding",
    ),
    inputIds: filled([...inputIds], tokenizer.padId),
    attentionMask: filled(
      Array.from(inputIds, () => 1),
      0,
    ),
    tokenTypeIds: filled([...tokenTypeIds], 0),
  };
}

/** Pieces over their ids over the mask, in blocks that fit into lines. */
function tokenTable({ pieces, inputIds, attentionMask }: Tokens): string {
  const blocks: number[][] = [];
  let width = Number.POSITIVE_INFINITY;
  for (const [i, piece] of pieces.entries()) {
    const cell = Math.max([...piece].length, String(inputIds[i]).length) + 2;
    if (width + cell > widest) {
      blocks.push([]);
      width = "mask".length;
    }
    blocks.at(-1)!.push(i);
    width += cell;
  }
  const tables = blocks.map((block) =>
    columns([
      ["", ...block.map((i) => pieces[i]!)],
      ["ids", ...block.map((i) => String(inputIds[i]))],
      ["mask", ...block.map((i) => String(attentionMask[i]))],
    ]),
  );
  return tables.join("");
}

const widest = 100;
