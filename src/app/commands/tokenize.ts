import type { Command } from "commander";
import { TextgraftError } from "../../base/errors.js";
import { openLines } from "../../data/file-node.js";
import { columns } from "../../report/plain.js";
import { parseOption, trainOptions } from "../../run/options.js";
import { openPretrained } from "../../run/pretrained-node.js";
import type { Tokenizer } from "../../tokens/tokenizer.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { modelEvents } from "../model-events.js";
import { openProgress } from "../progress.js";

interface TokenizeFlags extends CommonFlags {
  model: string;
  revision: string;
  maxLength: number | "auto";
}

/** `textgraft tokenize [TEXT…]` */
export function addTokenize(program: Command, app: App): Command {
  return program
    .command("tokenize")
    .description("show texts as a model reads them: word pieces, ids and attention mask")
    .argument("[texts...]", "texts; without any, standard input is read, one text a line")
    .option(
      "--model <name>",
      "model that reads them: a folder, mini (built in), or a Hugging Face Hub name",
      trainOptions.model.default,
    )
    .option("--revision <text>", trainOptions.revision.help, trainOptions.revision.default)
    .option(
      "--max-length <number>",
      "cut and pad each text to so many tokens; auto: leave it as it is",
      (text) => parseOption("maxLength", text) as number | "auto",
      "auto",
    )
    .action((texts: string[], flags: TokenizeFlags) => tokenizeVerb(app, texts, flags));
}

async function tokenizeVerb({ stdout, stderr }: App, args: string[], flags: TokenizeFlags): Promise<void> {
  const progress = openProgress(stderr, flags);
  const tell = modelEvents(progress);
  const { tokenizer, config } = await openPretrained(flags.model, { revision: flags.revision, tell });
  progress.end();
  if (flags.maxLength !== "auto" && flags.maxLength > config.positions) {
    throw new TextgraftError("option-invalid", {
      message: `--max-length is ${flags.maxLength}; ${flags.model} reads at most ${config.positions} tokens.`,
      fix: `For example --max-length ${config.positions}.`,
    });
  }
  const texts = args.length > 0 ? args : (await openLines()).rows.map(([text]) => text!);
  const length = flags.maxLength === "auto" ? undefined : flags.maxLength;
  for (const text of texts) {
    const tokens = tokenized(tokenizer, text, length);
    stdout.write(flags.json ? jsonLine({ text, ...tokens }) : tokenTable(text, tokens));
  }
}

interface Tokens {
  pieces: string[];
  inputIds: number[];
  attentionMask: number[];
  tokenTypeIds: number[];
}

/** All tokens of a text; with a `length`, cut and padded to it. */
function tokenized(tokenizer: Tokenizer, text: string, length: number | undefined): Tokens {
  const { inputIds, tokenTypeIds } = tokenizer.encode(text, length);
  const pieceOf = new Map(tokenizer.pieces(text).map(({ id, piece }) => [id, piece]));
  const padding = Math.max(0, (length ?? 0) - inputIds.length);
  const padded = <T>(values: readonly T[], fill: T): T[] => [...values, ...Array<T>(padding).fill(fill)];
  return {
    pieces: padded(
      Array.from(inputIds, (id) => pieceOf.get(id)!),
      "padding",
    ),
    inputIds: padded([...inputIds], tokenizer.padId),
    attentionMask: padded(
      Array.from(inputIds, () => 1),
      0,
    ),
    tokenTypeIds: padded([...tokenTypeIds], 0),
  };
}

/** Pieces over their ids over the mask, in blocks that fit into lines. */
function tokenTable(text: string, { pieces, inputIds, attentionMask }: Tokens): string {
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
  return `${text}\n${tables.join("")}\n`;
}

const widest = 100;
