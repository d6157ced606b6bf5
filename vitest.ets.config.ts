import { defineConfig } from "vitest/config";

/** The conformance cases; `node scripts/ets-matrix.mjs` reads the report. */
export default defineConfig({
  resolve: { conditions: ["bg96-source"] },
  ssr: { resolve: { conditions: ["bg96-source"] } },
  test: {
    include: ["test/ets/**/*.test.ts"],
    testTimeout: 20_000,
    pool: "forks",
    reporters: ["default", ["json", { outputFile: "test-results/vitest-ets.json" }]],
  },
});
