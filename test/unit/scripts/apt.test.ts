import assert from "node:assert/strict";
import test from "node:test";
import { backportsLine, backportsStanza } from "../../../scripts/setup/apt.mjs";

test("Debian's backports come from the mirror of the release, deb822 form", () => {
  const sources = `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-security
Components: main

Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;
  assert.equal(
    backportsStanza(sources, "bookworm"),
    `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg`,
  );
  assert.equal(backportsStanza("Suites: trixie", "bookworm"), undefined);
});

test("Debian's backports come from the mirror of the release, one-line form", () => {
  const sources = `deb http://security.example/debian-security bookworm-security main
deb [signed-by=/usr/share/keyrings/a.gpg arch=amd64] http://mirror.example/debian bookworm main non-free-firmware
deb http://other.example/debian bookworm main`;
  assert.equal(
    backportsLine(sources, "bookworm"),
    "deb [signed-by=/usr/share/keyrings/a.gpg arch=amd64] http://mirror.example/debian bookworm-backports main non-free-firmware",
  );
  assert.equal(backportsLine("deb http://mirror.example/debian trixie main", "bookworm"), undefined);
});
