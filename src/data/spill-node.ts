import { closeSync, readSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { TextgraftError } from "../base/errors.js";
import { openUnlinked } from "../base/unlinked-node.js";
import type { Spill } from "./byte-store.js";

/** A spill in a temporary file that nobody else sees; it is gone when nothing refers to the spill any more. */
export function openSpill(): Spill {
  const file = attempt(openUnlinked);
  let end = 0;
  const spill: Spill = {
    append(bytes) {
      attempt(() => {
        for (let done = 0; done < bytes.length; )
          done += writeSync(file, bytes, done, bytes.length - done, end + done);
      });
      end += bytes.length;
    },
    read(target, position) {
      for (let done = 0; done < target.length; ) {
        const read = readSync(file, target, done, target.length - done, position + done);
        if (read === 0) {
          const message = `A temporary file ends at ${position + done} bytes; ${target.length - done} more were written.`;
          throw new TextgraftError("internal", { message });
        }
        done += read;
      }
    },
  };
  closing.register(spill, file);
  return spill;
}

const closing = new FinalizationRegistry<number>(closeSync);

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new TextgraftError("file-unwritable", {
      message: `Large data needs a temporary file, which can't be written in ${tmpdir()}: ${(cause as Error).message}.`,
      fix: "Free disk space there, or let TMPDIR name a folder with more.",
      cause,
    });
  }
}
