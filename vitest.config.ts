import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["bg96-source"] },
  ssr: { resolve: { conditions: ["bg96-source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/leshan/**", "test/host/**", "node_modules/**"],
    testTimeout: 20_000,
    pool: "forks",
    reporters: ["default"],
  },
});
