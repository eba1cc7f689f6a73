// Writes a .br and a .gz beside each file of the build that is worth it: the daemon only sends what is there.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = new URL("../../goflow/server/static/", import.meta.url).pathname;
const WORTH = /\.(js|css|html|svg|json|map)$/;
const SMALLEST = 1000;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const path of files(root)) {
  const content = readFileSync(path);
  if (!WORTH.test(path) || content.length < SMALLEST) continue;
  const quality = content.length > 1_000_000 ? 9 : 11; // the last step takes elkjs ten seconds and saves one percent
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
