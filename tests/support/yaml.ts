/**
 * Reads block YAML of maps, lists and one-line scalars, and throws for everything else: plain scalars must be names that
 * no version of YAML takes for something else, or decimal numbers.
 */
export function readYaml(text: string): unknown {
  const lines = text.replace(/\n$/, "").split("\n");
  let next = 0;
  const indentOf = (line: string): number => line.length - line.trimStart().length;

  const block = (indent: number): unknown => {
    const isList = lines[next]!.slice(indent).startsWith("- ");
    const list: unknown[] = [];
    const map: [string, unknown][] = [];
    while (next < lines.length && indentOf(lines[next]!) === indent) {
      const line = lines[next]!.slice(indent);
      if (line.startsWith("- ") !== isList) throw new Error(`a map and a list at once: ${line}`);
      if (isList) {
        lines[next] = `${" ".repeat(indent + 2)}${line.slice(2)}`;
        list.push(
          /^("(?:[^"\\]|\\.)*"|[\w-]+):( |$)/.test(line.slice(2))
            ? block(indent + 2)
            : scalar(lines[next++]!.trim()),
        );
        continue;
      }
      const [, key, value] = /^("(?:[^"\\]|\\.)*"|[\w-]+):(?: (.+))?$/.exec(line) ?? [];
      if (key === undefined) throw new Error(`no key: ${line}`);
      next++;
      map.push([String(scalar(key)), value === undefined ? block(indent + 2) : scalar(value)]);
    }
    if (next < lines.length && indentOf(lines[next]!) > indent) throw new Error(`indented: ${lines[next]}`);
    return isList ? list : Object.fromEntries(map);
  };
  return block(0);
}

function scalar(text: string): unknown {
  if (text.startsWith('"')) return JSON.parse(text);
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^[A-Za-z][\w-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text)) return text;
  throw new Error(`not a plain scalar: ${text}`);
}
