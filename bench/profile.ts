import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { sum } from "#textgraft/base/numbers.js";
import { random } from "#textgraft/base/random.js";
import type { ProfileArguments } from "./arguments.js";
import { flameSvg } from "./flame.js";
import { markdownTable } from "./table.js";
import { modelWork } from "./textgraft-work.js";
import { modelJob } from "./workloads/model-job.js";

/** Time that ONNX Runtime spent in one node, in microseconds. */
export interface NodeTime {
  /** Place in the model that the node's name begins with, such as `bert.encoder.layer.0`. */
  readonly place: string;
  readonly op: string;
  readonly microseconds: number;
}

const STEPS = 3;

/**
 * Profiles training steps of one shape. Gives a table by op and one by place in the model, and writes
 * `flame.svg` into `folder`.
 */
export async function profileStep(
  { shape, batch, length }: ProfileArguments,
  threads: number,
  folder: string,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const profiles = mkdtempSync(join(tmpdir(), "textgraft-profile-"));
  const sessions = profiledSessions(join(profiles, "session"));
  const job = modelJob(shape, length, { batchSize: batch });
  const work = await modelWork(job, threads, random(1));
  const lengths = new Array<number>(batch).fill(length);
  await work.round!({ lengths, epochs: 2 });
  const { seconds } = await work.round!({ lengths, epochs: STEPS });
  sessions.end();
  const nodes = readdirSync(profiles).flatMap((file) =>
    nodeTimes(JSON.parse(readFileSync(join(profiles, file), "utf8")), STEPS),
  );
  rmSync(profiles, { recursive: true });
  writeFileSync(join(folder, "flame.svg"), flameSvg(nodes));
  const inGraph = sum(nodes.map(({ microseconds }) => microseconds));
  const whole = (1e6 * seconds) / STEPS;
  const rows = [
    ...nodes,
    { place: "outside the graph", op: "outside the graph", microseconds: Math.max(0, whole - inGraph) },
  ];
  return [
    `One training step took ${ms(whole)} ms (with profiling), ${ms(inGraph)} ms of it in the graph's nodes.`,
    timeTable("op", rows, ({ op }) => op, whole),
    timeTable("place", rows, ({ place }) => layerOf(place), whole),
    "The flame view is build/flame.svg.",
  ].join("\n\n");
}

/** From now on sessions of this process profile what they run; they are otherwise opened as always. */
function profiledSessions(prefix: string): { end(): void } {
  const opened: ort.InferenceSession[] = [];
  const create = ort.InferenceSession.create as (
    bytes: Uint8Array,
    options: ort.InferenceSession.SessionOptions,
  ) => Promise<ort.InferenceSession>;
  Object.assign(ort.InferenceSession, {
    create: async (bytes: Uint8Array, options: ort.InferenceSession.SessionOptions) => {
      const session = await create.call(ort.InferenceSession, bytes, {
        ...options,
        enableProfiling: true,
        profileFilePrefix: `${prefix}-${opened.length}`,
      });
      opened.push(session);
      return session;
    },
  });
  return {
    end: () => {
      for (const session of opened) session.endProfiling();
    },
  };
}

interface ProfileEvent {
  cat: string;
  name: string;
  dur: number;
  ts: number;
  args?: { op_name?: string };
}

/** Mean time of each node over the last `runs` runs that a profile of ONNX Runtime tells of. */
export function nodeTimes(events: readonly ProfileEvent[], runs: number): NodeTime[] {
  const starts = events
    .filter(({ cat, name }) => cat === "Session" && name === "model_run")
    .map(({ ts }) => ts)
    .sort((a, b) => a - b);
  const from = starts.at(-runs) ?? 0;
  const times = new Map<string, NodeTime>();
  for (const { cat, name, dur, ts, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time") || ts < from) continue;
    const node = name.slice(0, -"_kernel_time".length);
    const place = placeOf(node);
    const before = times.get(node)?.microseconds ?? 0;
    times.set(node, { place, op: args?.op_name ?? "unknown", microseconds: before + dur / runs });
  }
  return [...times.values()];
}

/** `bert.pooler/Gemm_7` lies in `bert.pooler`; ONNX Runtime puts "fused " before the names of nodes that it joined. */
function placeOf(node: string): string {
  const end = node.lastIndexOf("/");
  return end < 0 ? "graph" : node.slice(0, end).replace(/^fused /, "");
}

function timeTable(
  title: string,
  nodes: readonly NodeTime[],
  keyOf: (node: NodeTime) => string,
  whole: number,
): string {
  const groups = new Map<string, { nodes: number; microseconds: number }>();
  for (const node of nodes) {
    const group = groups.get(keyOf(node)) ?? { nodes: 0, microseconds: 0 };
    groups.set(keyOf(node), {
      nodes: group.nodes + 1,
      microseconds: group.microseconds + node.microseconds,
    });
  }
  const rows = [...groups].sort(([, a], [, b]) => b.microseconds - a.microseconds);
  return markdownTable(rows, [
    { title, of: ([key]) => key },
    { title: "nodes", of: ([, { nodes }]) => String(nodes), right: true },
    { title: "ms", of: ([, { microseconds }]) => ms(microseconds), right: true },
    {
      title: "share",
      of: ([, { microseconds }]) => `${((100 * microseconds) / whole).toFixed(1)} %`,
      right: true,
    },
  ]);
}

/** `bert.encoder.layer.3.output` → `bert.encoder.layer.3`; what lies outside of layers by its first two names. */
const layerOf = (place: string): string =>
  /^bert\.encoder\.layer\.\d+/.exec(place)?.[0] ?? place.split(".").slice(0, 2).join(".");

const ms = (microseconds: number): string => (microseconds / 1000).toFixed(1);
