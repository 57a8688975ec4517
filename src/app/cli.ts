#!/usr/bin/env node
import { runCommandLine } from "./program.js";

// A reader that has seen enough, such as head, ends us quietly; nobody reading our progress changes nothing.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), process);
