import react from "@vitejs/plugin-react";
import { fileURLToPath, URL } from "node:url";
import { defineConfig } from "vitest/config";

const daemon = process.env.GOFLOW_SERVER ?? "http://127.0.0.1:8080";

/** Libraries of which only some views have need, and what imports them: the first load goes without. */
const HEAVY = /node_modules\/(@codemirror|@lezer|codemirror|style-mod|w3c-keyname|crelt|@xyflow|d3-|classcat|zustand|elkjs|uplot)/;
const WITH_HEAVY =
  /src\/(parts\/(Code|Editor)\.|views\/(jobs\/|dag\/(CodeView|Durations|GanttView|GraphCanvas|GraphView|layout)|task\/(JobView|UsageView)))/;
const RARE = /src\/views\/admin\//;
const isCommon = (id: string): boolean =>
  !HEAVY.test(id) && !WITH_HEAVY.test(id) && !RARE.test(id) && /node_modules|\/ui\/src\//.test(id);

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../goflow/server/static",
    emptyOutDir: true,
    target: "es2022",
    manifest: "manifest.json", // the test of the budget reads which scripts the first load takes
    chunkSizeWarningLimit: 1600, // elkjs, in a worker of its own, is one file of 1.5 MB
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks: { ineffectiveDynamicImport: false }, // views are loaded apart in development only, for the most part
      output: {
        // One script that nearly every view needs instead of fifty small ones: a browser asks for six at a time.
        codeSplitting: { groups: [{ name: "app", test: isCommon }] },
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/goflow", "/openapi.json", "/docs", "/readyz", "/healthz"].map((path) => [path, daemon]),
    ),
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
