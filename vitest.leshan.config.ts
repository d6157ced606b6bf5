import { defineConfig } from "vitest/config";

/** The suite on a real Leshan: one file at a time, every wait inside bounded by a deadline of its own. */
export default defineConfig({
  resolve: { conditions: ["bg96-source"] },
  ssr: { resolve: { conditions: ["bg96-source"] } },
  test: {
    include: ["test/leshan/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    fileParallelism: false,
    reporters: ["default", ["json", { outputFile: "test-results/vitest-leshan.json" }]],
  },
});
