import { closest, TextgraftError } from "../base/errors.js";
import type { Random } from "../base/random.js";
import type { Classifier } from "../model/classifier.js";
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

/**
 * Copies a model's weights into an engine. What the folder lacks starts at random: always a head for other labels, but
 * for what was pretrained of it, and the pooler of a model that was pretrained without one. Returns the names of those parameters; throws
 * `weights-invalid` where anything else is missing.
 */
export async function writeWeights(
  engine: Engine,
  classifier: Classifier,
  { folder }: Pretrained,
  { random, keepHead }: { random: Random; keepHead: boolean },
): Promise<string[]> {
  const head = new Set(classifier.head.parameters.map(({ name }) => name));
  const ownLabels = new Set(keepHead ? [] : head);
  for (const name of classifier.head.pretrained ?? []) ownLabels.delete(name);
  const { prefix, pooler } = familyOf(classifier.spec.config);
  const poolerNames = new Set(pooler?.(classifier.spec.config).parameters.map(({ name }) => name));
  const fresh: string[] = [];
  const missing: string[] = [];
  for (const spec of classifier.parameters) {
    const stored = ownLabels.has(spec.name) ? undefined : storedName(folder, spec, prefix);
    if (stored !== undefined) {
      await engine.write(spec.name, await folder.weights.read(stored));
    } else if (poolerNames.has(spec.name) || (head.has(spec.name) && !keepHead)) {
      fresh.push(spec.name);
      await engine.write(spec.name, initialValues(spec, random));
    } else {
      missing.push(spec.name);
    }
  }
  if (missing.length === 0) return fresh;
  const near = closest(missing[0]!, folder.weights.names);
  throw new TextgraftError("weights-invalid", {
    message:
      `The weights in ${folder.path} lack ${missing.length} of the model's ${classifier.parameters.length} ` +
      `parameters, such as ${missing[0]}${near === undefined ? "" : `; the nearest name there is ${near}`}.`,
    fix: "Use a folder with a whole checkpoint.",
  });
}

/** The name under which a parameter lies in a file: checkpoints differ in the prefix and in old names of norms. */
function storedName(
  { weights, path }: ModelFolder,
  { name, shape }: ParameterSpec,
  prefix: string,
): string | undefined {
  const old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
  const candidates = [name, old].flatMap((candidate) => [
    candidate,
    ...(candidate.startsWith(prefix) ? [candidate.slice(prefix.length)] : []),
  ]);
  const stored = candidates.find((candidate) => weights.names.includes(candidate));
  if (stored === undefined) return undefined;
  const found = weights.shape(stored);
  if (found.length === shape.length && found.every((size, axis) => size === shape[axis])) return stored;
  throw new TextgraftError("weights-invalid", {
    message: `${stored} in ${path} is [${found.join(", ")}]; config.json asks for [${shape.join(", ")}].`,
    fix: "Use the config.json that came with these weights.",
  });
}
