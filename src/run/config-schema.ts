import type { JsonSchema, Option } from "./option-kinds.js";
import { flagName, trainOptions } from "./options.js";

/** Where editors find it: the file that the package holds. */
export const SCHEMA_URL = "https://unpkg.com/textgraft/schema/config.schema.json";

/** The JSON Schema of a configuration file, from the table of options: for editors that complete and check as one types. */
export function configSchema(): Record<string, unknown> {
  const options = Object.entries<Option<unknown>>(trainOptions);
  const settings = options.map(([name, option]) => [flagName(name), settingOf(option)]);
  const trials = options.map(([name, { schema, help }]) => [
    flagName(name),
    { description: help, anyOf: [{ type: "array", minItems: 1, items: schema }, RANGE] },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: SCHEMA_URL,
    title: "Textgraft configuration",
    description: "What textgraft train and textgraft sweep do. Flags of the command line win.",
    type: "object",
    additionalProperties: false,
    properties: {
      $schema: { type: "string" },
      data: { description: "file with the labelled texts", type: "string" },
      ...Object.fromEntries(settings),
      sweep: {
        description: "what textgraft sweep tries for each setting",
        type: "object",
        additionalProperties: false,
        properties: {
          runs: {
            description: "settings to draw at random; without it all combinations are tried",
            ...{ type: "integer", minimum: 1 },
          },
          ...Object.fromEntries(trials),
        },
      },
    },
  };
}

const RANGE = {
  type: "object",
  required: ["min", "max"],
  additionalProperties: false,
  properties: {
    min: { type: "number" },
    max: { type: "number" },
    log: { description: "draw the logarithm evenly", type: "boolean" },
  },
};

/** A list of texts stands for its values with commas between them. */
function settingOf({ help, default: value, schema }: Option<unknown>): Record<string, unknown> {
  const list: JsonSchema | Record<string, unknown> =
    schema.type === "string" ? { anyOf: [schema, { type: "array", items: { type: "string" } }] } : schema;
  return { description: help, ...list, ...(value !== "" && { default: value }) };
}
