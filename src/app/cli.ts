#!/usr/bin/env node
import { runCommandLine } from "./program.js";

// A reader that has seen enough, such as head, ends us quietly; nobody reading our progress changes nothing. EIO is
// a terminal that was closed: the training that SIGHUP stops is still saved.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EIO") return;
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), process);
