import { mean } from "../../base/numbers.js";
import type { TrainResult } from "../../run/events.js";
import { flagName, resolveOptions, type TrainOptions } from "../../run/options.js";
import { trainCommand } from "../command.js";
import { clock, gigabytes, grouped } from "../plain.js";
import { type Content, html } from "./markup.js";
import { facts, more, table } from "./table.js";

/** How to repeat the run: its command line, and every option. */
export function settingsSection({ data, options }: TrainResult): Content {
  const usual = resolveOptions({}) as unknown as Record<string, unknown>;
  const chosen = Object.entries(options as unknown as Record<keyof TrainOptions, unknown>);
  return html`<p>The same seed gives the same model on the same machine with the same number of threads:</p>
<pre tabindex="0" role="group" aria-label="Command line"><code>${trainCommand(data.source, options)}</code></pre>
${more(
  "All options",
  table({
    caption: "Options of the training",
    header: ["option", "value", "default"],
    texts: [1, 2],
    rows: chosen.map(([name, value]) => [
      html`<code>--${flagName(name)}</code>`,
      value === usual[name] ? shown(value) : html`<strong>${shown(value)}</strong>`,
      shown(usual[name]),
    ]),
  }),
)}
`;
}

const shown = (value: unknown): string => (value === "" ? "–" : String(value));

/** What computed, for how long, and with how much memory. */
export function environmentSection({ environment, seconds, epochs, features }: TrainResult): Content {
  const { textgraft, node, onnxruntime, system, processor, cores, memory, peakMemory, finishedAt } =
    environment;
  return facts([
    ["finished", `${finishedAt.slice(0, 16).replace("T", " ")} UTC`],
    [
      "time",
      `${clock(seconds)}${epochs.length > 0 ? `; an epoch ${clock(mean(epochs.map((epoch) => epoch.seconds)))}` : ""}`,
    ],
    ["memory at its peak", gigabytes(peakMemory)],
    ...(features
      ? [
          [
            "texts whose frozen features came from the cache",
            `${grouped(features.reused)}; computed: ${grouped(features.computed)}`,
          ] as const,
        ]
      : []),
    [
      "machine",
      `${processor}, ${grouped(cores)} ${cores === 1 ? "core" : "cores"}, ${gigabytes(memory)} of memory`,
    ],
    ["system", system],
    ["versions", `Textgraft ${textgraft}, Node ${node}, ONNX Runtime ${onnxruntime}`],
  ]);
}
