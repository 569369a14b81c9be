// The client of @hey-api/openapi-ts.

import { createClient } from "./generated/client/index.js";
import * as ownlist from "./generated/index.js";

declare const process: { env: Record<string, string | undefined> };

const baseUrl = process.env["OWNLIST_URL"] ?? "";

function given<T>(answer: { data: T | undefined; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const anonymous = createClient({ baseUrl, credentials: "include" });
const registered = given(
  await ownlist.register({
    client: anonymous,
    body: { email: "ada@example.com", password: "ultramarine typewriter 77" },
  }),
);
if (!("access" in registered)) throw new Error(registered.detail);
console.log("registered", registered.user.email);

const client = createClient({ baseUrl, auth: registered.access });
const created: ownlist.Task = given(
  await ownlist.tasksCreate({ client, body: { title: "Buy milk", labels: ["errand"] } }),
);
const parent: string | null = created.parent;
console.log("created", created.title, created.labels, parent);

const page = given(await ownlist.tasksList({ client, query: { view: "open" } }));
console.log("listed", page.results.map((task) => task.title));

const change = {
  client,
  path: { task_id: created.id },
  headers: { "If-Match": `"v${created.version}"` },
};
const changed = given(
  await ownlist.tasksPartialUpdate({ ...change, body: { title: "Buy oat milk" } }),
);
console.log("changed", changed.title, changed.version);

const refused = await ownlist.tasksPartialUpdate({ ...change, body: { title: "x" } });
const code: string | undefined = refused.error?.code;
console.log("refused", refused.response?.status, code);

const plans = given(
  await ownlist.planTasksCreate({
    client,
    path: { user_id: "me" },
    body: { title: "Of the plan", priority: null },
  }),
);
const priority: "urgent" | "high" | "medium" | "low" = plans.priority;
console.log("plan", priority, plans.description.length, plans.tags.length);

const whole = given(await ownlist.exportJson({ client }));
console.log("json", whole.tasks[0]?.title, whole.manifest.tasks.count);
const csv: string = given(await ownlist.exportCsv({ client }));
console.log("csv", csv.includes("Buy oat milk"));
const ics: string = given(await ownlist.exportIcs({ client }));
console.log("ics", ics.includes("SUMMARY:Buy oat milk"));
const markdown: string = given(await ownlist.exportMarkdown({ client }));
console.log("markdown", markdown.includes("Buy oat milk"));
