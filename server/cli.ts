/** The command line: `safetensors-spectrum PATH…`. See README.md for its options and docs/architecture.md for its place. */
import { main } from "./command-line/main.ts";

process.exit(await main(process.argv.slice(2)));
