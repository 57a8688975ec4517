/**
 * Dynamic loss scaling. float16 holds nothing below 2^-24, and many gradients are smaller: so the loss is multiplied
 * before the backward pass, and the gradients divided before the update. The largest factor that doesn't overflow is
 * found by trying. https://arxiv.org/abs/1710.03740, section 3.2; the numbers are those of PyTorch's GradScaler.
 */
export interface LossScale {
  /** A power of two, so that multiplying by it rounds nothing in float32. */
  readonly factor: number;
  /** Updates since the factor changed. */
  readonly updates: number;
}

export const firstLossScale: LossScale = { factor: 2 ** 16, updates: 0 };

/** Updates without an overflow after which the factor is doubled. */
const PATIENCE = 2000;

/**
 * The scale of the next step. After an overflow the factor is halved, and there was no update; after `PATIENCE` updates
 * it is doubled, as long as float32 holds it.
 */
export function nextLossScale({ factor, updates }: LossScale, overflow: boolean): LossScale {
  if (overflow) return { factor: factor / 2, updates: 0 };
  if (updates + 1 < PATIENCE) return { factor, updates: updates + 1 };
  return { factor: Number.isFinite(Math.fround(2 * factor)) ? 2 * factor : factor, updates: 0 };
}
