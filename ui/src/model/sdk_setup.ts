/** What to paste to send a first error, for each language and framework people here use. Pure. */

export interface Setup {
  id: string;
  title: string;
  /** Further words by which somebody looks for it, in both languages. */
  words: string;
  /** Which of the two panes it goes into, and what it says; `DSN` stands for the project's own. */
  steps: readonly { title: string; text: string }[];
}

const pip = (extra = ""): { title: string; text: string } => ({
  title: "sh",
  text: `pip install "sentry-sdk${extra}"`,
});
const npm = (name: string): { title: string; text: string } => ({ title: "sh", text: `npm install ${name}` });

const SETUPS: readonly Setup[] = [
  {
    id: "fastapi",
    title: "FastAPI",
    words: "python starlette asgi uvicorn 파이썬",
    steps: [
      pip("[fastapi]"),
      {
        title: "main.py",
        text: 'import sentry_sdk\nfrom fastapi import FastAPI\n\nsentry_sdk.init(dsn="DSN", environment="production", release="shop@1.0.0")\napp = FastAPI()\n\n\n@app.get("/boom")\ndef boom():\n    1 / 0',
      },
    ],
  },
  {
    id: "flask",
    title: "Flask",
    words: "python wsgi 파이썬 플라스크",
    steps: [
      pip("[flask]"),
      {
        title: "app.py",
        text: 'import sentry_sdk\nfrom flask import Flask\n\nsentry_sdk.init(dsn="DSN", environment="production", release="shop@1.0.0")\napp = Flask(__name__)',
      },
    ],
  },
  {
    id: "django",
    title: "Django",
    words: "python drf wsgi 파이썬 장고",
    steps: [
      pip("[django]"),
      {
        title: "settings.py",
        text: 'import sentry_sdk\n\nsentry_sdk.init(dsn="DSN", environment="production", release="shop@1.0.0", send_default_pii=True)',
      },
    ],
  },
  {
    id: "celery",
    title: "Celery",
    words: "python worker queue 파이썬 셀러리 작업",
    steps: [
      pip("[celery]"),
      {
        title: "tasks.py",
        text: 'import sentry_sdk\nfrom celery import Celery, signals\n\n\n@signals.celeryd_init.connect\ndef start(**_):\n    sentry_sdk.init(dsn="DSN", environment="production")\n\n\napp = Celery("tasks")',
      },
    ],
  },
  {
    id: "python",
    title: "Python",
    words: "script logging 파이썬",
    steps: [pip(), { title: "main.py", text: 'import sentry_sdk\n\nsentry_sdk.init(dsn="DSN")\n1 / 0' }],
  },
  {
    id: "express",
    title: "Express",
    words: "node javascript nodejs koa nest 노드 익스프레스",
    steps: [
      npm("@sentry/node"),
      {
        title: "instrument.js",
        text: 'const Sentry = require("@sentry/node");\n\nSentry.init({ dsn: "DSN", environment: "production", release: "shop@1.0.0" });',
      },
      {
        title: "app.js",
        text: 'require("./instrument.js");\nconst Sentry = require("@sentry/node");\nconst app = require("express")();\n\napp.get("/boom", () => { throw new Error("boom"); });\nSentry.setupExpressErrorHandler(app);\napp.listen(3000);',
      },
    ],
  },
  {
    id: "nextjs",
    title: "Next.js",
    words: "next node react vercel 넥스트",
    steps: [
      npm("@sentry/nextjs"),
      {
        title: "instrumentation.ts",
        text: 'import * as Sentry from "@sentry/nextjs";\n\nexport function register() {\n  Sentry.init({ dsn: "DSN" });\n}\nexport const onRequestError = Sentry.captureRequestError;',
      },
      {
        title: "instrumentation-client.ts",
        text: 'import * as Sentry from "@sentry/nextjs";\n\nSentry.init({ dsn: "DSN" });',
      },
    ],
  },
  {
    id: "pm2",
    title: "Node · PM2",
    words: "node process cluster 노드",
    steps: [
      npm("@sentry/node"),
      {
        title: "instrument.js",
        text: 'const Sentry = require("@sentry/node");\n\nSentry.init({ dsn: process.env.SENTRY_DSN });',
      },
      {
        title: "ecosystem.config.js",
        text: 'module.exports = {\n  apps: [{ name: "api", script: "app.js", node_args: "--require ./instrument.js", env: { SENTRY_DSN: "DSN" } }],\n};',
      },
    ],
  },
  {
    id: "react",
    title: "React",
    words: "javascript vite cra spa 리액트",
    steps: [
      npm("@sentry/react"),
      {
        title: "main.tsx",
        text: 'import * as Sentry from "@sentry/react";\n\nSentry.init({ dsn: "DSN", environment: "production" });',
      },
    ],
  },
  {
    id: "remix",
    title: "Remix",
    words: "node react 리믹스",
    steps: [
      npm("@sentry/remix"),
      { title: "entry.client.tsx", text: 'import * as Sentry from "@sentry/remix";\n\nSentry.init({ dsn: "DSN" });' },
      {
        title: "instrument.server.mjs",
        text: 'import * as Sentry from "@sentry/remix";\n\nSentry.init({ dsn: "DSN" });',
      },
    ],
  },
  {
    id: "browser",
    title: "JavaScript",
    words: "javascript vanilla vue svelte 브라우저 자바스크립트",
    steps: [
      npm("@sentry/browser"),
      {
        title: "main.js",
        text: 'import * as Sentry from "@sentry/browser";\n\nSentry.init({ dsn: "DSN" });\nsetTimeout(() => { throw new Error("boom"); });',
      },
    ],
  },
  {
    id: "php",
    title: "PHP",
    words: "laravel symfony composer 라라벨",
    steps: [
      { title: "sh", text: "composer require sentry/sentry" },
      { title: "index.php", text: "\\Sentry\\init(['dsn' => 'DSN']);\nthrow new \\Exception('boom');" },
    ],
  },
  {
    id: "go",
    title: "Go",
    words: "golang gin echo 고",
    steps: [
      { title: "sh", text: "go get github.com/getsentry/sentry-go" },
      {
        title: "main.go",
        text: 'err := sentry.Init(sentry.ClientOptions{Dsn: "DSN"})\nif err != nil {\n\tlog.Fatal(err)\n}\ndefer sentry.Flush(2 * time.Second)\nsentry.CaptureException(errors.New("boom"))',
      },
    ],
  },
  {
    id: "java",
    title: "Java",
    words: "spring boot kotlin 자바 스프링",
    steps: [
      { title: "build.gradle", text: 'implementation "io.sentry:sentry-spring-boot-starter-jakarta:8.+"' },
      { title: "application.properties", text: "sentry.dsn=DSN\nsentry.environment=production" },
    ],
  },
  {
    id: "ruby",
    title: "Ruby",
    words: "rails sidekiq 루비 레일즈",
    steps: [
      { title: "sh", text: "bundle add sentry-ruby" },
      {
        title: "sentry.rb",
        text: 'Sentry.init do |config|\n  config.dsn = "DSN"\nend\nSentry.capture_message("boom")',
      },
    ],
  },
];

/** Every setup with this project's DSN in it. */
export const setups = (dsn: string): Setup[] =>
  SETUPS.map((one) => ({
    ...one,
    steps: one.steps.map((step) => ({
      ...step,
      text: step.text.replaceAll("DSN", (found, at: number, all: string) =>
        all.slice(at - 7, at) === "SENTRY_" ? found : dsn,
      ),
    })),
  }));

/** The setups that words in either language find: all of them, without any. */
export function setupsLike(all: readonly Setup[], typed: string): Setup[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((one) => words.every((word) => `${one.title} ${one.id} ${one.words}`.toLowerCase().includes(word)));
}
