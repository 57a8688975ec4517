// Gets a model in a process of its own: node resolve-once.mjs NAME. The environment says from where.
import { resolveHubModel } from "../../../dist/run/hub/resolve-node.js";

const { path } = await resolveHubModel(process.argv[2]);
process.stdout.write(path);
