import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    watch: false,
    // Real programs share the machine with the tests that drive them.
    maxWorkers: 2,
    // A neighbour's load can push a real program past a limit: there a second try decides, and the report says so.
    retry: process.env["CI"] === "true" ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000
  }
})
