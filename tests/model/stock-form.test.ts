import { describe, expect, test } from "vitest";
import { createClassifier } from "../../src/model/classifier.js";
import { type HeadKind, hiddenActivations } from "../../src/model/head.js";
import { checkHead, stockForm } from "../../src/model/stock-form.js";
import {
  engineWith,
  familySpec,
  largestDifference,
  readFamily,
  referenceBatch,
  referenceFamilies,
} from "../support/families.js";
import { readReference } from "../support/reference.js";
import { tinyWeights } from "../support/tiny-model.js";

/** Heads with a hidden layer that some class of transformers has on the encoder of a family. */
const FITTING: Record<string, readonly HeadKind[]> = {
  bert: ["tanh", "gelu", "relu"],
  "bert-multilabel": ["tanh", "gelu", "relu"],
  distilbert: ["relu"],
  roberta: ["tanh"],
  "xlm-roberta": ["tanh"],
  electra: ["gelu"],
  albert: ["tanh"],
  mpnet: ["tanh"],
  "deberta-v2": ["gelu"],
  modernbert: [], // has a norm behind its hidden layer
};

describe.each(referenceFamilies)("on a %s encoder", (family) => {
  const expected = readFamily(family);
  const json = readReference<Record<string, unknown>>(`${family}/config.json`);
  const stock = familySpec(family, expected);
  const { hiddenSize } = stock.config;

  test.each(FITTING[family]!.flatMap((head) => [1, 13, hiddenSize].map((width) => [head, width] as const)))(
    "head %s of %i units gives the same logits as the stock head of a class",
    async (head, headWidth) => {
      const spec = { ...stock, head, headWidth };
      const classifier = createClassifier(spec);
      const trained = tinyWeights(classifier);
      const form = stockForm(spec, json);
      const shaped = new Map(
        classifier.parameters.map(({ name, shape }) => [name, { shape, data: trained.get(name)! }]),
      );
      const saved = form.weights(shaped);
      const names = createClassifier(form.spec).parameters.map(({ name, shape }) => [name, shape]);
      expect(Object.fromEntries([...saved].map(([name, { shape }]) => [name, shape]))).toEqual(
        Object.fromEntries(names),
      );

      const batch = referenceBatch(expected.eval);
      const logits = async (of: typeof spec | typeof form.spec, weights: Map<string, Float32Array>) => {
        const engine = await engineWith({ classifier: of, device: "cpu", frozenStages: 0 }, weights);
        const found = await engine.logits(batch);
        await engine.close();
        return found;
      };
      const before = await logits(spec, trained);
      const after = await logits(form.spec, new Map([...saved].map(([name, { data }]) => [name, data])));
      expect(largestDifference(after, before)).toBeLessThan(1e-6);
    },
  );

  test("other heads are refused, and those that fit are named", () => {
    const fits = FITTING[family]!;
    for (const head of hiddenActivations) {
      const check = () => checkHead(stock.config, head, 1);
      if (fits.includes(head)) expect(check).not.toThrow();
      else {
        const named = ["stock", ...fits].map((name) => `--head ${name}`).join(", ");
        expect(check).toThrow(
          expect.objectContaining({
            code: "option-invalid",
            message: expect.stringContaining(
              `--head ${head} doesn't fit a ${stock.config.modelType} encoder`,
            ),
            fix: expect.stringContaining(`Use ${named}, or --head mlp`),
          }),
        );
      }
    }
    for (const head of fits) expect(() => checkHead(stock.config, head, hiddenSize + 1)).toThrow(/room for/);
    expect(() => checkHead(stock.config, "stock", 8)).toThrow(/has no width to choose/);
    expect(() => checkHead(stock.config, "mlp", 10 * hiddenSize)).not.toThrow();
  });
});
