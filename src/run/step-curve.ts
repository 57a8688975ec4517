/** What some steps did: the last one's number and learning rate, and means of the rest. */
export interface StepPoint {
  /** Counted from 1, over all epochs. */
  step: number;
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  learningRate: number;
}

/** A training's steps in bounded memory. */
export interface StepCurve {
  add(step: StepPoint): void;
  points(): StepPoint[];
}

/**
 * Keeps every step while there are few, and means over 2, 4, 8 … steps as there are more, so that there are never more
 * than `capacity` points (an even number).
 */
export function stepCurve(capacity = 600): StepCurve {
  let width = 1; // steps of a full point
  let full: StepPoint[] = [];
  let open: StepPoint[] = [];
  return {
    add: (step) => {
      open.push(step);
      if (open.length < width) return;
      full.push(meanOf(open));
      open = [];
      if (full.length < capacity) return;
      full = full.flatMap((point, i) => (i % 2 === 1 ? [meanOf([full[i - 1]!, point])] : []));
      width *= 2;
    },
    points: () => [...full, ...(open.length > 0 ? [meanOf(open)] : [])],
  };
}

function meanOf(points: readonly StepPoint[]): StepPoint {
  const mean = (of: (point: StepPoint) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const { step, learningRate } = points.at(-1)!;
  return {
    step,
    loss: mean(({ loss }) => loss),
    gradientNorm: mean((point) => point.gradientNorm),
    learningRate,
  };
}
