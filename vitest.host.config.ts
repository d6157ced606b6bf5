import { defineConfig } from "vitest/config";

/** Real host programs on the real program's port: one after another, because hosts lock the port. */
export default defineConfig({
  resolve: { conditions: ["bg96-source"] },
  ssr: { resolve: { conditions: ["bg96-source"] } },
  test: {
    include: ["test/host/**/*.test.ts"],
    testTimeout: 90_000,
    hookTimeout: 30_000,
    pool: "forks",
    fileParallelism: false,
    reporters: ["default", ["json", { outputFile: "test-results/vitest-host.json" }]],
  },
});
