import { defineConfig } from "vitest/config";

/** The suite on a real Leshan: it waits more than it works, each wait bounded by a deadline of its own. */
export default defineConfig({
  resolve: { conditions: ["bg96-source"] },
  ssr: { resolve: { conditions: ["bg96-source"] } },
  test: {
    include: ["test/leshan/**/*.test.ts"],
    globalSetup: ["test/leshan/prepare.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest-leshan.json" },
  },
});
