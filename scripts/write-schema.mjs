// Writes schema/config.schema.json from the table of options:  npm run schema
import { mkdirSync, writeFileSync } from "node:fs";
import { configSchema } from "../dist/run/config-schema.js";

const folder = new URL("../schema/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("config.schema.json", folder), `${JSON.stringify(configSchema(), null, 2)}\n`);
