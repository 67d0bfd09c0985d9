/** What VS Code calls to run the tests of this folder in its extension host. */
import "all-tests";

export { runAll as run } from "./suite.ts";
