/** Whether a value fits a JSON Schema: the keywords that ours uses, after the specification (draft 2020-12). */
export function fits(schema: Schema, value: unknown): boolean {
  const { anyOf, enum: values, minimum, maximum, items, minItems, required = [] } = schema;
  if (schema.type !== undefined && !isOf(schema.type, value)) return false;
  if (values !== undefined && !values.includes(value as string)) return false;
  if (anyOf !== undefined && !anyOf.some((option) => fits(option, value))) return false;
  if (typeof value === "number" && (value < (minimum ?? value) || value > (maximum ?? value))) return false;
  if (Array.isArray(value))
    return value.length >= (minItems ?? 0) && (!items || value.every((item) => fits(items, item)));
  if (typeof value !== "object" || value === null) return true;
  return (
    required.every((key) => Object.hasOwn(value, key)) &&
    Object.entries(value).every(([key, member]) => {
      const known = schema.properties?.[key];
      return known ? fits(known, member) : schema.additionalProperties !== false;
    })
  );
}

export interface Schema {
  type?: string;
  enum?: readonly string[];
  anyOf?: readonly Schema[];
  minimum?: number;
  maximum?: number;
  items?: Schema;
  minItems?: number;
  required?: readonly string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
}

function isOf(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
