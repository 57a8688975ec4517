import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { readConfig } from "../../src/run/config.js";
import { configSchema } from "../../src/run/config-schema.js";
import { flagName, parseOption, trainOptions } from "../../src/run/options.js";
import { fits, type Schema } from "../support/json-schema.js";

describe("a configuration file", () => {
  test("has train's flags, as YAML", () => {
    const text = [
      "# what we do",
      "data: reviews.csv",
      "batch-size: 16   # small",
      "learningRate: 3e-5",
      "class-weights: spam=3,ham=1",
      "freeze: none",
      "overwrite: true",
      "label: [a, b]",
      "model:",
    ].join("\n");
    expect(readConfig(text, "c.yaml")).toEqual({
      data: "reviews.csv",
      options: {
        batchSize: 16,
        learningRate: 3e-5,
        classWeights: "spam=3,ham=1",
        freeze: "none",
        overwrite: true,
        label: "a,b",
      },
    });
  });

  test("or as JSON, and says the same", () => {
    const json = { $schema: "x", data: "d.csv", epochs: 2, sweep: { epochs: [1, 2], runs: 3 } };
    const yaml = "data: d.csv\nepochs: 2\nsweep:\n  epochs: [1, 2]\n  runs: 3\n";
    expect(readConfig(JSON.stringify(json), "c.json")).toEqual(readConfig(yaml, "c.yaml"));
    expect(readConfig("", "c.yaml")).toEqual({ options: {} });
  });

  test("has texts as they were written: a revision isn't a number", () => {
    expect(readConfig("revision: 1e5\ntext: 007", "c.yaml").options).toEqual({
      revision: "1e5",
      text: "007",
    });
  });

  test.each([
    [
      "an unknown setting",
      "epochs: 3\nbatchsize: 4",
      "c.yaml, line 2: there is no setting batchsize",
      "batch-size",
    ],
    ["a wrong value", "\n\nepochs: many", 'c.yaml, line 3: --epochs is "many"', "--epochs 3"],
    ["a map where a value belongs", "text: {a: 1}", "c.yaml, line 1: text is", "text"],
    ["no map", "- a\n- b", "c.yaml, line 1: this is no list of settings", "epochs: 3"],
    ["bad YAML", 'data: "a\nepochs: 3', "c.yaml, line", "YAML"],
    ["a setting twice", "epochs: 3\nepochs: 4", "c.yaml, line 2", "YAML"],
    ["a bad sweep", "sweep: 3", "c.yaml, line 1: sweep is 3", "sweep"],
  ])("with %s is refused", (_name, text, message, fix) => {
    const read = () => readConfig(text, "c.yaml");
    expect(read).toThrow(TextgraftError);
    expect(read).toThrow(expect.objectContaining({ code: "config-invalid" }));
    try {
      read();
    } catch (error) {
      expect((error as TextgraftError).message).toContain(message);
      expect((error as TextgraftError).fix).toContain(fix);
    }
  });
});

describe("the schema", () => {
  const schema = configSchema() as Schema;
  const { properties = {} } = schema;

  test("is the file that the package holds", () => {
    const file = readFileSync(new URL("../../schema/config.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(file), "npm run schema writes it").toEqual(configSchema());
  });

  test("takes each option's default and nothing unknown", () => {
    for (const [name, { default: value }] of Object.entries(trainOptions))
      expect(fits(schema, { [flagName(name)]: value }), name).toBe(true);
    expect(fits(schema, { batchsize: 3 })).toBe(false);
    expect(
      fits(schema, { sweep: { epochs: [1, 2], "learning-rate": { min: 1e-5, max: 1e-3, log: true } } }),
    ).toBe(true);
    expect(fits(schema, { sweep: { epochs: [] } })).toBe(false);
  });

  test.each(Object.keys(trainOptions))("takes the same values of %s as its flag does", (name) => {
    const { enum: values = [] } = properties[flagName(name)]!;
    const known = [...values, "auto", "none", "all", "embeddings", ""];
    const value = fc.oneof(
      fc.boolean(),
      fc.integer({ min: -3, max: 600 }),
      fc.double({ min: -2, max: 2, noNaN: true }),
      fc.constantFrom(...known),
    );
    fc.assert(
      fc.property(value, (given) => {
        let taken = true;
        try {
          parseOption(name, String(given));
        } catch {
          taken = false;
        }
        // A text may be anything, also what YAML takes for a number: there the schema is stricter.
        const strict = properties[flagName(name)]!.anyOf?.some(({ type }) => type === "string") ?? false;
        if (!(strict && typeof given !== "string"))
          expect(fits(properties[flagName(name)]!, given)).toBe(taken);
      }),
    );
  });
});
