import { TextgraftError } from "../base/errors.js";
import type { ClassifierSpec } from "./classifier.js";
import type { EncoderConfig } from "./config.js";
import type { DenseLayer } from "./encoder.js";
import { familyOf, readConfig, stockClass } from "./families.js";
import type { Conversion, StoredWeights } from "./family.js";
import { type HeadKind, HIDDEN_HEAD, type HiddenActivation, hiddenActivations } from "./head.js";

/** A classifier as its folder holds it. */
export interface StockForm {
  /** Its head is that of the class, or mlp, which no class has. */
  readonly spec: ClassifierSpec;
  /** What config.json says of the encoder. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The trained weights under the names and in the shapes of the class. */
  readonly weights: (trained: StoredWeights) => StoredWeights;
}

/**
 * The form in which a class of transformers has a classifier, so that others load it without any code of ours. A head with a
 * hidden layer of W units becomes the stock head of a class with the same activation: its further units have no
 * weights, give activation(0) = 0, and are read with weight 0. `json` is the config.json of the starting checkpoint. Errors:
 * those of `checkHead`.
 */
export function stockForm(spec: ClassifierSpec, json: Readonly<Record<string, unknown>>): StockForm {
  const { head } = spec;
  if (!isHidden(head)) return { spec, json, weights: (trained) => trained };
  const { conversion } = placeOf(spec, head);
  const newJson = conversion ? conversion.json(json, spec.config) : json;
  const config = conversion ? readConfig(newJson) : spec.config;
  const { headWidth: _width, ...rest } = spec;
  const stock: ClassifierSpec = { ...rest, config, head: "stock" };
  const layers = hiddenLayerOf(stock)!;
  return {
    spec: stock,
    json: newJson,
    weights: (trained) => {
      const padded = withPaddedHead(trained, layers, config.hiddenSize);
      return conversion ? conversion.weights(padded, spec.config) : padded;
    },
  };
}

/** Whether a folder holds a head under the name of a stock class. */
export const heldAsStock = (head: HeadKind): boolean => head !== "mlp";

/** Refuses heads and widths that no class has for this encoder. Throws `option-invalid` naming those that fit. */
export function checkHead(config: EncoderConfig, head: HeadKind, headWidth?: number): void {
  if (isHidden(head)) placeOf({ config }, head);
  if (headWidth === undefined) return;
  if (head === "stock") {
    throw new TextgraftError("option-invalid", {
      message: `--head-width is ${headWidth}, but the stock head of ${stockClass(config)} has no width to choose.`,
      fix: `Choose the activation, too: --head ${fittingHeads(config)[0] ?? "mlp"}.`,
    });
  }
  if (!isHidden(head) || headWidth <= config.hiddenSize) return;
  throw new TextgraftError("option-invalid", {
    message: `--head-width is ${headWidth}; a class of transformers has room for ${config.hiddenSize} units, the hidden size.`,
    fix: `Use --head-width ${config.hiddenSize} or less, or --head mlp, which others can't load.`,
  });
}

const isHidden = (head: HeadKind): head is HiddenActivation =>
  hiddenActivations.some((activation) => activation === head);

type Encoder = Pick<ClassifierSpec, "config">;

/** Where a head goes: into the encoder's own class, or by a conversion into another one. */
function placeOf({ config }: Encoder, head: HiddenActivation): { conversion?: Conversion } {
  const place = findPlace({ config }, head);
  if (typeof place !== "string") return place;
  const fits = fittingHeads(config);
  throw new TextgraftError("option-invalid", {
    message: `--head ${head} doesn't fit a ${config.modelType} encoder: ${place}.`,
    fix:
      `Use --head stock${fits.map((name) => `, --head ${name}`).join("")}, ` +
      "or --head mlp, which transformers can't load.",
  });
}

/** Or the reason why there is none. */
function findPlace({ config }: Encoder, head: HiddenActivation): { conversion?: Conversion } | string {
  if (hiddenLayerOf({ config })?.hidden.activation === head) return {};
  const conversion = familyOf(config).conversions?.[head];
  if (!conversion) return "no class of transformers has both";
  return conversion.refuses?.(config) ?? { conversion };
}

/** Heads with a hidden layer that some class has on this encoder. */
export const fittingHeads = (config: EncoderConfig): HiddenActivation[] =>
  hiddenActivations.filter((head) => typeof findPlace({ config }, head) !== "string");

/** The hidden layer that the stock head of a class has over the first position, its own or the pooler. */
function hiddenLayerOf({ config }: Encoder): { hidden: DenseLayer; output: string } | undefined {
  const { head, pooler } = familyOf(config);
  const { dense, reads } = head(config, 2);
  const hidden = dense?.hidden ?? (reads === "pooled" ? pooler?.(config).dense : undefined);
  return dense && hidden && { hidden, output: dense.output };
}

function withPaddedHead(
  trained: StoredWeights,
  { hidden, output }: { hidden: DenseLayer; output: string },
  size: number,
): StoredWeights {
  const padded = new Map(trained);
  const move = (from: string, to: string, shape: readonly number[]): void => {
    const { shape: old, data } = trained.get(from)!;
    padded.delete(from);
    padded.set(to, { shape, data: zeroPadded(data, old, shape) });
  };
  const labels = trained.get(`${HIDDEN_HEAD.output}.bias`)!.shape[0]!;
  move(`${HIDDEN_HEAD.dense}.weight`, `${hidden.name}.weight`, [size, size]);
  move(`${HIDDEN_HEAD.dense}.bias`, `${hidden.name}.bias`, [size]);
  move(`${HIDDEN_HEAD.output}.weight`, `${output}.weight`, [labels, size]);
  move(`${HIDDEN_HEAD.output}.bias`, `${output}.bias`, [labels]);
  return padded;
}

/** A vector or matrix in the corner of a larger one. */
function zeroPadded(data: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  const [columns, newColumns] = [from.at(-1)!, to.at(-1)!];
  const padded = new Float32Array(to.reduce((a, b) => a * b));
  for (let row = 0; row * columns < data.length; row++) {
    padded.set(data.subarray(row * columns, (row + 1) * columns), row * newColumns);
  }
  return padded;
}
