import { readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";

/** What figures depend on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    os: `${distribution()} (${platform()} ${release()} ${arch()})`,
  };
}

/** Does some work and tells how long it took, and how long all cores of the machine together were busy meanwhile. */
export async function whileBusy<T>(
  work: () => Promise<T>,
): Promise<[T, { seconds: number; busySeconds: number }]> {
  const [start, busy] = [performance.now(), busySeconds()];
  const result = await work();
  return [result, { seconds: (performance.now() - start) / 1000, busySeconds: busySeconds() - busy }];
}

const busySeconds = (): number =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000;

function distribution(): string {
  try {
    const [, name] = /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
    return name ?? platform();
  } catch {
    return platform();
  }
}
