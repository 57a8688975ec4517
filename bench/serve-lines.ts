import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Answers, Job, ProductSizes, Request, RoundAnswer, RoundRequest } from "./job.js";

/** What a job has been prepared to do. */
export interface Work {
  round?(request: RoundRequest): Promise<RoundAnswer>;
  products?(sizes: ProductSizes): Promise<Answers["products"]>;
  /** Called when the side prepares for something else. */
  close?(): Promise<void>;
}

export interface Served {
  readonly versions: Readonly<Record<string, string>>;
  readonly prepare: (job: Job, threads: number) => Promise<Work>;
}

/** Answers requests from standard input, one JSON line each, until `close`. It computes nothing in between. */
export async function serveLines({ versions, prepare }: Served): Promise<void> {
  let work: Work = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    const answer = await answerTo(request).catch((error: Error) => ({ error: error.stack ?? String(error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    if (request.do === "close") process.exit();
  }

  async function answerTo(request: Request): Promise<Answers[Request["do"]]> {
    switch (request.do) {
      case "prepare":
        await work.close?.();
        work = await prepare(request.job, request.threads);
        return { versions };
      case "round": {
        const before = process.cpuUsage();
        const answer = await work.round!(request);
        const { user, system } = process.cpuUsage(before);
        return { ...answer, cpuSeconds: (user + system) / 1e6 };
      }
      case "products":
        return work.products!(request.sizes);
      case "close":
        return { peakBytes: peakBytes() };
      default:
        return request satisfies never;
    }
  }
}

/** The largest resident memory that this process has had. */
function peakBytes(): number {
  const status = "/proc/self/status";
  const line = existsSync(status) ? /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(status, "utf8")) : null;
  return 1024 * (line ? Number(line[1]) : process.resourceUsage().maxRSS);
}
