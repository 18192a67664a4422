/** How the page is built: one small entry, one chunk per page, everything that a strict CSP allows. */
import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const server = process.env["HANNUN_URL"] ?? "http://127.0.0.1:8800";

export default defineConfig({
  // Assets are addressed relative to their importer; the server writes <base href> for the page itself,
  // so the same build works at the root and under a proxy's sub-path.
  base: "./",
  plugins: [
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/i18n/paraglide",
      outputStructure: "message-modules",
      strategy: ["globalVariable", "baseLocale"],
    }),
    svelte(),
  ],
  build: {
    outDir: "../src/hannun/web/static",
    emptyOutDir: true,
    // Data URLs would need a wider CSP than 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
  },
  server: { port: 5173, proxy: { "/api": server, "/prometheus": server, "/-": server } },
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"], setupFiles: ["./src/test-setup.ts"] },
});
