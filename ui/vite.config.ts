import react from "@vitejs/plugin-react";
import { fileURLToPath, URL } from "node:url";
import { defineConfig } from "vitest/config";

const daemon = process.env.GOFLOW_SERVER ?? "http://127.0.0.1:8080";

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
  },
  worker: { format: "es" },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/goflow", "/openapi.json", "/docs", "/readyz", "/healthz"].map((path) => [path, daemon]),
    ),
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
