// Add a task, change it without overwriting anybody, and complete it. With Node.js 20
// or newer, after the steps in the section "TypeScript" of docs/api.md:
//
//   OWNLIST_URL=http://127.0.0.1:8000 OWNLIST_TOKEN=… node tasks.js "Buy milk"

import createClient from "openapi-fetch";
import type { components, paths } from "./ownlist.js";

type Task = components["schemas"]["Task"];
type NewTask = components["schemas"]["TaskRequest"];
type Problem = components["schemas"]["Problem"];

declare const process: { argv: string[]; env: Record<string, string | undefined> };

const ATTEMPTS = 3;
const api = createClient<paths>({
  baseUrl: process.env["OWNLIST_URL"] ?? "http://127.0.0.1:8000",
  headers: { authorization: `Bearer ${process.env["OWNLIST_TOKEN"]}` },
});

/** Add a task exactly once, though answers may get lost on the way. */
async function add(task: NewTask): Promise<Task> {
  const key = crypto.randomUUID();
  for (let attempt = 1; ; attempt += 1) {
    const { data, error, response } = await api.POST("/api/v1/tasks", {
      params: { header: { "Idempotency-Key": key } },
      body: task,
    });
    if (data) return data;
    const canPass = [409, 429, 503].includes(response.status);
    if (!canPass || attempt === ATTEMPTS) throw refusal(error);
    await pause(Number(response.headers.get("retry-after") ?? 1));
  }
}

/** Change a task, unless it has changed since we read it. */
async function rename(task: Task, title: string): Promise<Task> {
  const { data, error } = await api.PATCH("/api/v1/tasks/{task_id}", {
    params: {
      path: { task_id: task.id },
      header: { "If-Match": `"v${task.version}"` },
    },
    body: { title },
  });
  if (!data) throw refusal(error);
  return data;
}

async function complete(task: Task): Promise<void> {
  const { error } = await api.POST("/api/v1/tasks/{task_id}/complete", {
    params: { path: { task_id: task.id } },
  });
  if (error) throw refusal(error);
}

/** Read the titles of all open tasks, page by page. */
async function* titles(): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const { data, error } = await api.GET("/api/v1/tasks", {
      params: { query: { fields: ["title"], page_size: 200, cursor } },
    });
    if (!data) throw refusal(error);
    for (const task of data.results) yield task.title ?? "";
    cursor = data.next ? (new URL(data.next).searchParams.get("cursor") ?? undefined) : undefined;
  } while (cursor);
}

/** Decide by `code`: the texts are for users. */
function refusal(problem: Problem): Error {
  return new Error(`${problem.code}: ${problem.detail}`);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

const added = await add({ title: process.argv[2] ?? "Buy milk", labels: ["errand"] });
const renamed = await rename(added, `${added.title}, two litres`);
for await (const title of titles()) console.log(title);
await complete(renamed);
console.log(`Done: ${renamed.title}`);
