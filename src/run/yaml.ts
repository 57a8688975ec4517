export type Yaml = string | number | readonly Yaml[] | YamlMap;
export interface YamlMap {
  readonly [key: string]: Yaml | undefined;
}

/** Block YAML, as the front matter of Markdown files has it. Keys without a value are left out. https://yaml.org/spec/1.2.2 */
export const yaml = (value: YamlMap): string => `${block(value).join("\n")}\n`;

function block(value: Yaml): string[] {
  if (typeof value !== "object") return [scalar(value)];
  if (isList(value))
    return value.flatMap((item) => block(item).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)));
  return Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return [];
    const inner = block(item);
    return typeof item === "object"
      ? [`${scalar(key)}:`, ...inner.map((line) => `  ${line}`)]
      : [`${scalar(key)}: ${inner[0]}`];
  });
}

/** Quoted as in JSON wherever a reader could take it for something else. */
function scalar(value: string | number): string {
  if (typeof value === "number") return String(value);
  if (/^[a-z][\w-]*$/i.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value)) return value;
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

const isList = (value: Yaml): value is readonly Yaml[] => Array.isArray(value);
