// The types of openapi-typescript, with openapi-fetch.

import createClient from "openapi-fetch";
import type { components, paths } from "./generated.js";

type Task = components["schemas"]["Task"];

declare const process: { env: Record<string, string | undefined> };

const baseUrl = process.env["OWNLIST_URL"] ?? "";

function given<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const anonymous = createClient<paths>({ baseUrl, credentials: "include" });
const registered = given(
  await anonymous.POST("/api/v1/auth/register", {
    body: { email: "ada@example.com", password: "ultramarine typewriter 77" },
  }),
);
if (!("access" in registered)) throw new Error(registered.detail);
console.log("registered", registered.user.email);

const api = createClient<paths>({
  baseUrl,
  headers: { authorization: `Bearer ${registered.access}` },
});
const created: Task = given(
  await api.POST("/api/v1/tasks", { body: { title: "Buy milk", labels: ["errand"] } }),
);
const parent: string | null = created.parent;
console.log("created", created.title, created.labels, parent);

const page = given(await api.GET("/api/v1/tasks", { params: { query: { view: "open" } } }));
console.log("listed", page.results.map((task) => task.title));

const params = {
  path: { task_id: created.id },
  header: { "If-Match": `"v${created.version}"` },
};
const changed = given(
  await api.PATCH("/api/v1/tasks/{task_id}", { params, body: { title: "Buy oat milk" } }),
);
console.log("changed", changed.title, changed.version);

const refused = await api.PATCH("/api/v1/tasks/{task_id}", { params, body: { title: "x" } });
const code: string | undefined = refused.error?.code;
console.log("refused", refused.response.status, code);

const plans = given(
  await api.POST("/api/{user_id}/tasks", {
    params: { path: { user_id: "me" } },
    body: { title: "Of the plan", priority: null },
  }),
);
const priority: "urgent" | "high" | "medium" | "low" = plans.priority;
console.log("plan", priority, plans.description.length, plans.tags.length);

const whole = given(await api.GET("/api/v1/export/json"));
console.log("json", whole.tasks[0]?.title, whole.manifest.tasks.count);
const csv: string = given(await api.GET("/api/v1/export/csv", { parseAs: "text" }));
console.log("csv", csv.includes("Buy oat milk"));
const ics: string = given(await api.GET("/api/v1/export/ics", { parseAs: "text" }));
console.log("ics", ics.includes("SUMMARY:Buy oat milk"));
const markdown: string = given(await api.GET("/api/v1/export/markdown", { parseAs: "text" }));
console.log("markdown", markdown.includes("Buy oat milk"));
