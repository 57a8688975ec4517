/** Of the rules only what tests read. */
export interface Schema {
  [rule: string]: unknown;
  enum?: readonly string[];
  anyOf?: readonly Schema[];
  properties?: Record<string, Schema>;
}

/** Whether a value fits a JSON schema. */
export const fits = (schema: Schema, value: unknown): boolean => schemaProblems(schema, value).length === 0;

/**
 * What of a value breaks a JSON schema, as paths with the rule; of the rules that our own schemas use. Any other rule
 * throws, so that none is passed over. https://json-schema.org/draft/2020-12/json-schema-validation
 */
export function schemaProblems(root: Schema, value: unknown): string[] {
  const told = new Set(["$schema", "$defs", "$id", "title", "description", "default"]);
  const check = (schema: Schema, at: unknown, path: string): string[] =>
    Object.entries(schema).flatMap(([rule, wanted]) => {
      if (told.has(rule)) return [];
      const problem = (broken: boolean) => (broken ? [`${path}: ${rule} ${JSON.stringify(wanted)}`] : []);
      switch (rule) {
        case "$ref":
          return check(resolved(root, wanted as string), at, path);
        case "type":
          return problem(![wanted].flat().some((type) => isOf(type as string, at)));
        case "const":
          return problem(at !== wanted);
        case "enum":
          return problem(!(wanted as unknown[]).includes(at));
        case "minimum":
          return problem(typeof at === "number" && at < (wanted as number));
        case "maximum":
          return problem(typeof at === "number" && at > (wanted as number));
        case "minItems":
          return problem(Array.isArray(at) && at.length < (wanted as number));
        case "anyOf":
          return problem((wanted as Schema[]).every((option) => check(option, at, path).length > 0));
        case "required":
          return isObject(at)
            ? (wanted as string[]).flatMap((key) => (key in at ? [] : [`${path}: no ${key}`]))
            : [];
        case "items":
          return Array.isArray(at)
            ? at.flatMap((item, i) => check(wanted as Schema, item, `${path}/${i}`))
            : [];
        case "properties":
          return isObject(at)
            ? Object.entries(wanted as Record<string, Schema>).flatMap(([key, of]) =>
                key in at ? check(of, at[key], `${path}/${key}`) : [],
              )
            : [];
        case "additionalProperties": {
          const others = isObject(at)
            ? Object.keys(at).filter((key) => !(key in (schema.properties ?? {})))
            : [];
          return others.flatMap((key) =>
            wanted === false
              ? [`${path}: ${key} isn't allowed`]
              : check(wanted as Schema, (at as Schema)[key], `${path}/${key}`),
          );
        }
        default:
          throw new Error(`The schema has the rule ${rule}, which isn't checked here.`);
      }
    });
  return check(root, value, "");
}

/** `#/$defs/number` */
function resolved(root: Schema, reference: string): Schema {
  const keys = reference.replace(/^#\//, "").split("/");
  return keys.reduce<Schema>((schema, key) => schema[key] as Schema, root);
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
    case "string":
    case "boolean":
      return typeof value === type;
    default:
      throw new Error(`No type of JSON: ${type}.`);
  }
}

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
