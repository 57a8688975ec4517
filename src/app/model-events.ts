import { clock } from "../report/plain.js";
import type { ModelEvent } from "../run/events.js";
import type { Progress } from "./progress.js";

/** Tells how a model comes from the Hub: what is fetched in a line, then how far it is. */
export function modelEvents({ live, say }: Progress): (event: ModelEvent) => void {
  let begun = false;
  return (event) => {
    if (event.kind === "notice") return say(event.text);
    if (!begun) say(downloadLine(event));
    begun = true;
    live(() => progressLine(event), every);
  };
}

const every = 10; // seconds, where there is no line that changes in place

type Download = ModelEvent & { kind: "download" };

function downloadLine({ model, revision, commit, received, total }: Download): string {
  const size = total < received || total === 0 ? "" : `: ${bytes(total)}`;
  const there = received === 0 ? "" : `, ${bytes(received)} of it are here already`;
  return `Downloading ${model} (${revision}, commit ${commit.slice(0, 7)})${size}${there}.`;
}

function progressLine({ file, received, total, bytesPerSecond }: Download): string {
  const speed = `${bytes(bytesPerSecond)}/s`;
  if (total < received || total === 0) return [bytes(received), speed, file].join("  ");
  const share = `${Math.floor((100 * received) / total)} %`;
  const left = bytesPerSecond > 0 ? [`${clock((total - received) / bytesPerSecond)} left`] : [];
  return [`${bytes(received)} of ${bytes(total)}`, share, speed, ...left, file].join("  ");
}

/** In units of a thousand, as disks and networks are measured. */
function bytes(count: number): string {
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
