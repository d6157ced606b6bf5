import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["bg96-source"] },
  ssr: { resolve: { conditions: ["bg96-source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    // suites on real peers have configurations of their own
    exclude: ["test/leshan/**", "test/host/**", "node_modules/**"],
    testTimeout: 20_000,
    pool: "forks",
    reporters: ["default", ["json", { outputFile: "test-results/vitest-unit.json" }]],
  },
});
