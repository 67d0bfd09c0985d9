/** The command line: `safetensors-spectrum PATH…`. See README.md for its options and docs/architecture.md for its place. */
import { main } from "./command-line/main.ts";

// Not process.exit: what was written may still be on its way to a pipe.
process.exitCode = await main(process.argv.slice(2));
