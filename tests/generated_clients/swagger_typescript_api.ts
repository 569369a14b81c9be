// The client of swagger-typescript-api.

import { Api, type HttpResponse, type Problem, type Task } from "./generated/api.js";

declare const process: { env: Record<string, string | undefined> };

const baseUrl = process.env["OWNLIST_URL"] ?? "";

// It sends `credentials: "same-origin"`; this is what the front ends of the plan send.
const anonymous = new Api({ baseUrl, baseApiParams: { credentials: "include" } });
const { data: registered } = await anonymous.api.register({
  email: "ada@example.com",
  password: "ultramarine typewriter 77",
});
console.log("registered", registered.user.email);

const signedIn = new Api<string>({
  baseUrl,
  securityWorker: (token) => ({ headers: { Authorization: `Bearer ${token}` } }),
});
signedIn.setSecurityData(registered.access);

const { data: created } = await signedIn.api.tasksCreate({
  title: "Buy milk",
  labels: ["errand"],
});
const parent: string | null = created.parent;
console.log("created", created.title, created.labels, parent);

const { data: page } = await signedIn.api.tasksList({ view: "open" });
console.log("listed", page.results.map((task) => task.title));

const known = { headers: { "If-Match": `"v${created.version}"` } };
const { data: changed } = await signedIn.api.tasksPartialUpdate(
  created.id,
  { title: "Buy oat milk" },
  known,
);
console.log("changed", changed.title, changed.version);

const refused = await signedIn.api
  .tasksPartialUpdate(created.id, { title: "x" }, known)
  .catch((answer: HttpResponse<Task, Problem>) => answer);
const code: string = refused.error.code;
console.log("refused", refused.status, code);

const { data: plans } = await signedIn.api.planTasksCreate("me", {
  title: "Of the plan",
  priority: null,
});
const priority: "urgent" | "high" | "medium" | "low" = plans.priority;
console.log("plan", priority, plans.description.length, plans.tags.length);

const { data: whole } = await signedIn.api.exportJson();
console.log("json", whole.tasks[0]?.title, whole.manifest.tasks.count);
// It reads no body that is not JSON unless it is told how.
const asText = { format: "text" } as const;
const csv: string = (await signedIn.api.exportCsv(asText)).data;
console.log("csv", csv.includes("Buy oat milk"));
const ics: string = (await signedIn.api.exportIcs(asText)).data;
console.log("ics", ics.includes("SUMMARY:Buy oat milk"));
const markdown: string = (await signedIn.api.exportMarkdown(asText)).data;
console.log("markdown", markdown.includes("Buy oat milk"));
