import fc from "fast-check";
import { expect, test } from "vitest";
import { stepCurve } from "../../src/run/step-curve.js";

const step = (number: number) => ({
  step: number,
  loss: 1 / number,
  gradientNorm: number % 7,
  learningRate: number / 1000,
});

test("few steps are kept as they are", () => {
  const steps = [1, 2, 3].map(step);
  const curve = stepCurve(4);
  for (const each of steps) curve.add(each);
  expect(curve.points()).toEqual(steps);
});

test("many steps become means over equally many, in bounded memory", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 20 }), (total, half) => {
      const capacity = 2 * half;
      const curve = stepCurve(capacity);
      for (let i = 1; i <= total; i++) curve.add(step(i));
      const points = curve.points();
      expect(points.length).toBeLessThanOrEqual(capacity);
      expect(points.at(-1)!.step).toBe(total);
      const width = points.length > 1 ? points[0]!.step : 1;
      let from = 1;
      for (const point of points) {
        const steps = Array.from({ length: point.step - from + 1 }, (_, i) => step(from + i));
        if (point !== points.at(-1)) expect(steps.length).toBe(width);
        const mean = steps.reduce((sum, { loss }) => sum + loss, 0) / steps.length;
        expect(point.loss).toBeCloseTo(mean, 12);
        expect(point.learningRate).toBe(steps.at(-1)!.learningRate);
        from = point.step + 1;
      }
    }),
  );
});
