/** A small server that answers as Hannun does, from fixtures.
 *
 *   npm run dev:mock                         the page with hot reload at :5173, answers from here
 *   node dev/mock.mjs --static DIR --port N  the built page under the server's own CSP, as the browser tests use it
 *
 * `--scenario calm|trouble|empty|closed|viewer|down` at start, or `POST /mock/scenario` with the name while it runs.
 */
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { overview, projects, session, status, store } from "./fixtures.mjs";
import { context, fields, histogram, labelValues, logs, patterns, security, series } from "./logs.mjs";
import { cardinality, facts, relabel, targets } from "./scraping.mjs";
import { functions, knownMetric, metrics, panels, prometheus } from "./series.mjs";

const { values: flags } = parseArgs({
  options: {
    port: { type: "string", default: "8801" },
    static: { type: "string" },
    base: { type: "string", default: "/" },
    scenario: { type: "string", default: "calm" },
  },
});
const base = flags.base;
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; manifest-src 'self'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".png": "image/png",
};
const SEGMENTS = ["", "hosts", "explore", "logs", "targets", "cardinality", "status", "settings", "login"];
let scenario = flags.scenario;
let user = null;
let nextId = 100;

const json = (response, code, body) => {
  response.writeHead(code, { "Content-Type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
};

async function read(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

async function answer(request, response, path, params) {
  const route = `${request.method} ${path}`;
  const body = ["POST", "PATCH"].includes(request.method) ? await read(request) : "";
  const asked = () => JSON.parse(body || "{}");
  if (route === "POST /mock/scenario") {
    scenario = body;
    user = null;
    return json(response, 204);
  }
  if (scenario === "down" && path !== "/api/hannun/v1/session") {
    return json(response, 503, {
      error: "The store is full: 1.0 GiB free, writing stops at 1 GiB.",
      hint: "Free space or lower retention (now 30d).",
    });
  }
  const api = path.startsWith("/api/hannun/v1/") ? path.slice("/api/hannun/v1/".length) : null;
  const label = /^\/loki\/api\/v1\/label\/(\w+)\/values$/.exec(path);
  if (label) return json(response, 200, { status: "success", data: labelValues(label[1]) });
  if (api === null) {
    const said = prometheus(path, params);
    return said ? json(response, 200, said) : json(response, 404, { error: "no such path", hint: "" });
  }
  if (api === "session" && request.method === "GET")
    return json(response, 200, session(scenario, user, base.replace(/\/$/, "")));
  if (api === "session") {
    const change = asked();
    if (change.password && change.password.old !== "hannun")
      return json(response, 400, { error: "The old password is wrong.", hint: "" });
    if (user) Object.assign(user, change);
    return json(response, 200, session(scenario, user, base.replace(/\/$/, "")));
  }
  if (api === "login") {
    const { name, password } = asked();
    const person = store.people.find((one) => one.name === name);
    if (!person || password !== "hannun")
      return json(response, 401, {
        error:
          request.headers["accept-language"] === "ko"
            ? "이름이나 비밀번호가 맞지 않습니다."
            : "Name or password is wrong.",
        hint: "",
      });
    user = person;
    return json(response, 200, session(scenario, user, base.replace(/\/$/, "")));
  }
  if (api === "logout") {
    user = null;
    return json(response, 204);
  }
  if (scenario === "closed" && !user) return json(response, 401, { error: "log in first", hint: "" });
  if (api === "overview") return json(response, 200, overview(scenario));
  if (api === "status") return json(response, 200, status(scenario));
  if (api === "projects") return json(response, 200, projects(`http://${request.headers.host}`));
  if (api === "functions") return json(response, 200, functions);
  if (api === "metrics")
    return json(
      response,
      200,
      scenario === "empty"
        ? { metrics: [], total: 0 }
        : metrics(params.get("search") ?? "", Number(params.get("limit") ?? 100)),
    );
  if (api.startsWith("metrics/")) {
    const name = decodeURIComponent(api.slice("metrics/".length));
    return json(response, 200, facts(name, knownMetric(name)));
  }
  if (api === "targets") return json(response, 200, targets(scenario));
  if (api === "targets/relabel")
    return json(response, 200, relabel(params.get("pool"), JSON.parse(params.get("discovered"))));
  if (api === "cardinality") return json(response, 200, cardinality(scenario, params.get("metric") ?? ""));
  if (api === "logs") return json(response, 200, logs(scenario, params));
  if (api === "logs/histogram") return json(response, 200, histogram(scenario, params));
  if (api === "logs/fields") return json(response, 200, fields(scenario));
  if (api === "logs/security") return json(response, 200, security(scenario));
  if (api === "logs/series") return json(response, 200, series(scenario, params));
  if (api === "logs/context") return json(response, 200, context(params));
  if (api === "logs/patterns") return json(response, 200, patterns(scenario, params));
  if (api === "panels") return json(response, 200, panels(asked()));
  const [kind, id] = api.split("/");
  const rows = { users: store.people, tokens: store.tokens }[kind];
  if (!rows) return json(response, 404, { error: "no such path", hint: "" });
  if (request.method === "GET") return json(response, 200, rows);
  if (request.method === "POST") {
    const made = {
      id: nextId++,
      created_ms: Date.now(),
      last_seen_ms: null,
      last_used_ms: null,
      lang: "ko",
      timezone: "Asia/Seoul",
      ...asked(),
    };
    if (rows.some((row) => row.name === made.name))
      return json(response, 409, { error: `"${made.name}" exists already.`, hint: "" });
    rows.push(made);
    return json(response, 201, kind === "tokens" ? { ...made, token: "hnt_3k9vQ2mZp8sYw1xT7uRb5nLc4dJf6hGa" } : made);
  }
  const at = rows.findIndex((row) => row.id === Number(id));
  if (at < 0) return json(response, 404, { error: "not there", hint: "" });
  if (request.method === "DELETE") {
    rows.splice(at, 1);
    return json(response, 204);
  }
  Object.assign(rows[at], asked());
  return json(response, 200, rows[at]);
}

async function page(response, path) {
  const root = resolve(flags.static);
  const file = join(root, path);
  const headers = { "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" };
  if (file.startsWith(root) && existsSync(file) && statSync(file).isFile() && path !== "/index.html") {
    response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    // A file may vanish between the look and the read while the page is being built again.
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
  } else if (SEGMENTS.includes(path.split("/")[1])) {
    response.writeHead(200, { ...headers, "Content-Type": TYPES[".html"] });
    response.end(readFileSync(join(root, "index.html"), "utf8").replace("<head>", `<head><base href="${base}">`));
  } else {
    json(response, 404, { error: "no such path", hint: "" });
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://mock");
  const path = url.pathname.startsWith(base) ? `/${url.pathname.slice(base.length)}` : url.pathname;
  const isApi =
    path.startsWith("/api/") ||
    path.startsWith("/prometheus/") ||
    path.startsWith("/loki/") ||
    path.startsWith("/mock/");
  const work =
    isApi || !flags.static
      ? answer(request, response, path.replace(/^\/prometheus/, ""), url.searchParams)
      : page(response, path);
  work.catch((error) => json(response, 500, { error: String(error), hint: "" }));
});

server.listen(Number(flags.port), "127.0.0.1", async () => {
  const { port } = server.address();
  console.log(`http://127.0.0.1:${port}${base}`);
  if (!flags.static) {
    process.env.HANNUN_URL = `http://127.0.0.1:${port}`;
    const { createServer: vite } = await import("vite");
    const page = await vite({ configFile: new URL("../vite.config.ts", import.meta.url).pathname });
    await page.listen();
    page.printUrls();
  }
});
