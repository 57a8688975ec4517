/** Layers, width and vocabulary of a BERT encoder; its feed-forward is four times as wide. */
export interface Shape {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly vocabSize: number;
}

/** Training or prediction over texts of given lengths, as every side is told of it. */
export interface ModelJob {
  readonly kind: "train" | "predict";
  readonly shape: Shape;
  readonly head: "stock" | "mlp";
  /** How many of the stages embeddings, layers, pooler don't train, from the first on. */
  readonly frozenStages: number;
  /** The peers run what is frozen with its dropout. */
  readonly frozenInTrainingMode: boolean;
  readonly batchSize: number;
  /** Tokens of the longest text that may come. */
  readonly maxLength: number;
}

export interface TokenizeJob {
  readonly kind: "tokenize";
  /** The model folder whose tokenizer is used. */
  readonly tokenizer: string;
  readonly texts: readonly string[];
}

/** Nothing but matrix products. */
export interface ProductJob {
  readonly kind: "product";
}

export type Job = ModelJob | TokenizeJob | ProductJob;

/** Texts by their lengths in tokens, `epochs` times. */
export interface RoundRequest {
  readonly lengths: readonly number[];
  readonly epochs: number;
}

export interface RoundAnswer {
  readonly seconds: number;
  /** Of all matrix products, where the side can count them. */
  readonly flops?: number;
}

/** An answer with the time that the process's threads computed for it. */
export type TimedRound = RoundAnswer & { readonly cpuSeconds: number };

/** [m, k, n] of each product. */
export type ProductSizes = readonly (readonly [number, number, number])[];

/** One line to a side's process; each is answered by one line. */
export type Request =
  | { readonly do: "prepare"; readonly job: Job; readonly threads: number }
  | ({ readonly do: "round" } & RoundRequest)
  | { readonly do: "products"; readonly sizes: ProductSizes }
  | { readonly do: "close" };

export interface Answers {
  prepare: { readonly versions: Readonly<Record<string, string>> };
  round: TimedRound;
  products: { readonly flopsPerSecond: number };
  close: { readonly peakBytes: number };
}

/** The answer of a side that can't go on. */
export interface Failure {
  readonly error: string;
}
