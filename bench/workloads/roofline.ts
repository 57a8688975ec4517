import type { CompareOptions } from "../compare.js";
import type { ProductSizes } from "../job.js";
import { startSide } from "../side.js";

/** The fastest float32 matrix product of each side, in operations a second. */
export type Roofline = Readonly<Record<string, number>>;

/** Large ones, and those of BERT-base's dense layers at 32 × 128. */
const SIZES: ProductSizes = [
  [1024, 1024, 1024],
  [2048, 2048, 2048],
  [4096, 768, 3072],
  [4096, 3072, 768],
];
const QUICK: ProductSizes = [[512, 512, 512]];

/** Measures what the machine can do through ONNX Runtime and through PyTorch, by turns. */
export async function measureRoofline(options: CompareOptions, quick: boolean): Promise<Roofline> {
  const { threads, log } = options;
  const best: Record<string, number> = {};
  const sides = options.sides.filter(({ name }) => name !== "hf").map(startSide);
  try {
    for (const side of sides) await side.ask({ do: "prepare", job: { kind: "product" }, threads });
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const side of sides) {
        const { flopsPerSecond } = await side.ask({ do: "products", sizes: quick ? QUICK : SIZES });
        best[side.name] = Math.max(best[side.name] ?? 0, flopsPerSecond);
      }
    }
  } finally {
    for (const side of sides) side.stop();
  }
  const shown = Object.entries(best).map(([name, rate]) => `${name} ${Math.round(rate / 1e9)} GFLOP/s`);
  log(`fastest float32 matrix product: ${shown.join(", ")}`);
  return best;
}
