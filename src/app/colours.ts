import type { Output } from "./app.js";

/**
 * Whether results may have colours, of which 256 are used: on a terminal that has them. NO_COLOR forbids them
 * (https://no-color.org), FORCE_COLOR asks for them, for example for a pager.
 */
export function showsColours(output: Output, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "") return env.FORCE_COLOR !== "0";
  return output.isTTY === true && output.hasColors?.(256) === true;
}
