import { closest, TextgraftError } from "../base/errors.js";
import type { Random } from "../base/random.js";
import { type Classifier, outputLayer } from "../model/classifier.js";
import type { EncoderConfig } from "../model/config.js";
import { familyOf, readConfig } from "../model/families.js";
import { initialValues, type ParameterSpec } from "../model/parameters.js";
import { createTokenizer, type Tokenizer } from "../tokens/tokenizer.js";
import type { Engine } from "./engine.js";
import { findModel } from "./find-model-node.js";
import type { HubRequest } from "./hub/resolve-node.js";
import { type ModelFolder, openModelFolder } from "./model-folder-node.js";

/** A model folder understood: what it was trained on is in its weights, what it can read in its tokenizer. */
export interface Pretrained {
  readonly folder: ModelFolder;
  /** Of the repository on the Hub; undefined for a folder of the user's and for what is built in. */
  readonly commit: string | undefined;
  readonly config: EncoderConfig;
  readonly tokenizer: Tokenizer;
}

/** Opens a model by its folder, by the name of one that is built in, or by its name on the Hugging Face Hub. */
export async function openPretrained(model: string, request?: HubRequest): Promise<Pretrained> {
  const { path, commit } = await findModel(model, { ...request, accept: readConfig });
  const folder = await openModelFolder(path);
  const config = readConfig(folder.config);
  const tokenizer = createTokenizer(folder.tokenizer);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new TextgraftError("model-invalid", {
      message: `The tokenizer of ${folder.path} has ${tokenizer.vocabSize} entries, but the model only ${config.vocabSize}.`,
      fix: "Use the tokenizer files that came with these weights.",
    });
  }
  return { folder, commit, config, tokenizer };
}

/** What of a classifier's parameters wasn't in a folder, and what of the folder isn't in the classifier. */
export interface Copied {
  /** Parameters that started at random: those of the encoder, and those of the head. */
  readonly fresh: { readonly encoder: readonly string[]; readonly head: readonly string[] };
  /** Tensors of the folder that nothing reads, such as the head of its pretraining. */
  readonly unused: readonly string[];
}

/**
 * Copies a model's weights into an engine. What the folder lacks starts at random: without `labelRows` the head (but for
 * what was pretrained of it) and the pooler of a model that was pretrained without one. `labelRows` keeps the head, and says
 * which row of its last layer each label has. Throws `weights-invalid` where anything else is missing.
 */
export async function writeWeights(
  engine: Engine,
  classifier: Classifier,
  pretrained: Pretrained,
  { random, labelRows }: { random: Random; labelRows?: readonly number[] | undefined },
): Promise<Copied> {
  const { config } = classifier.spec;
  const head = classifier.head.parameters.map(({ name }) => name);
  const lastLayer = new Set(outputLayer(classifier).map(({ name }) => name));
  const ownLabels = new Set(labelRows === undefined ? head : []);
  for (const name of classifier.head.pretrained ?? []) ownLabels.delete(name);
  const pooler =
    familyOf(config)
      .pooler?.(config)
      .parameters.map(({ name }) => name) ?? [];
  const optional = new Set(labelRows === undefined ? [...head, ...pooler] : []);
  const fresh = { encoder: [] as string[], head: [] as string[] };
  const missing: string[] = [];
  for (const spec of classifier.parameters) {
    const values = ownLabels.has(spec.name) ? undefined : await readParameter(pretrained, spec);
    if (values !== undefined) {
      const rows = labelRows !== undefined && lastLayer.has(spec.name) ? labelRows : undefined;
      await engine.write(spec.name, rows === undefined ? values : inRows(values, rows));
    } else if (optional.has(spec.name)) {
      fresh[ownLabels.has(spec.name) ? "head" : "encoder"].push(spec.name);
      await engine.write(spec.name, initialValues(spec, random));
    } else {
      missing.push(spec.name);
    }
  }
  if (missing.length === 0) return { fresh, unused: unusedNames(pretrained, classifier) };
  const { weights, path } = pretrained.folder;
  const near = closest(missing[0]!, weights.names);
  throw new TextgraftError("weights-invalid", {
    message:
      `The weights in ${path} lack ${missing.length} of the model's ${classifier.parameters.length} ` +
      `parameters, such as ${missing[0]}${near === undefined ? "" : `; the nearest name there is ${near}`}.`,
    fix: "Use a folder with a whole checkpoint.",
  });
}

/** A parameter as a folder has it; undefined where it has none. Throws `weights-invalid` where its shape is another. */
export async function readParameter(
  { folder: { weights, path }, config }: Pretrained,
  { name, shape }: ParameterSpec,
): Promise<Float32Array | undefined> {
  const { prefix, wordTable } = familyOf(config);
  const stored = storedNames(name, prefix).find((candidate) => weights.names.includes(candidate));
  if (stored === undefined) return undefined;
  const found = weights.shape(stored);
  if (found.length === shape.length && found.every((size, axis) => size === shape[axis]))
    return weights.read(stored);
  const words = name === wordTable && found.length === 2 && found[1] === shape[1];
  throw new TextgraftError("weights-invalid", {
    message: words
      ? `${stored} in ${path} has ${found[0]} words; config.json has vocab_size ${shape[0]}.`
      : `${stored} in ${path} is [${found.join(", ")}]; config.json asks for [${shape.join(", ")}].`,
    fix: "Use the config.json that came with these weights.",
  });
}

/** Names that a parameter may have in a file: checkpoints differ in the prefix and in old names of norms. */
function storedNames(name: string, prefix: string): string[] {
  const old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
  return [name, old].flatMap((candidate) => [
    candidate,
    ...(candidate.startsWith(prefix) ? [candidate.slice(prefix.length)] : []),
  ]);
}

/** Buffers that some versions of transformers saved, and that hold nothing learned. */
const BUFFERS = /(^|\.)(position_ids|token_type_ids|inv_freq)$/;

function unusedNames({ folder: { weights } }: Pretrained, { spec, parameters }: Classifier): string[] {
  const { prefix } = familyOf(spec.config);
  const known = new Set(parameters.flatMap(({ name }) => storedNames(name, prefix)));
  return weights.names.filter((name) => !known.has(name) && !BUFFERS.test(name));
}

/** Row `rows[i]` of the values as row i. */
function inRows(values: Float32Array, rows: readonly number[]): Float32Array {
  const width = values.length / rows.length;
  const moved = new Float32Array(values.length);
  for (const [to, from] of rows.entries())
    moved.set(values.subarray(from * width, (from + 1) * width), to * width);
  return moved;
}
