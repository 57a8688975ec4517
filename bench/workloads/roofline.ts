import type { CompareOptions } from "../compare.js";
import { Group } from "../group.js";
import type { ProductSizes } from "../job.js";

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
  const group = new Group(
    options.sides.filter(({ name }) => name !== "hf"),
    log,
  );
  try {
    await group.each((side) => side.ask({ do: "prepare", job: { kind: "product" }, threads }));
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const sizes = quick ? QUICK : SIZES;
      const rates = await group.each((side) => side.ask({ do: "products", sizes }));
      for (const [side, { flopsPerSecond }] of Object.entries(rates))
        best[side] = Math.max(best[side] ?? 0, flopsPerSecond);
    }
  } finally {
    group.stop();
  }
  const shown = Object.entries(best).map(([name, rate]) => `${name} ${Math.round(rate / 1e9)} GFLOP/s`);
  log(`fastest float32 matrix product: ${shown.join(", ")}`);
  return best;
}
